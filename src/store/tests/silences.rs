use super::super::NewSilence;
use super::{Home, at, days};
use crate::domain::account::SubscriptionName;
use crate::domain::silence::Matcher;
use crate::domain::time::Timestamp;

fn until(moment: Timestamp) -> NewSilence {
    let matcher =
        Matcher::new(&["studio-*".to_owned()], &["expiry".to_owned()], [SubscriptionName::new("main")])
            .unwrap();
    NewSilence { matcher, until: moment, reason: "a test".to_owned(), even_critical: true }
}

#[tokio::test]
async fn silence_reads_back_unchanged() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    let id = writer.add_silence(&until(days(2)), days(1)).await.unwrap();
    writer.commit().await.unwrap();
    let [silence] = home.store.all_silences().await.unwrap().try_into().unwrap();
    assert_eq!((silence.id, silence.until, silence.created_at), (id, days(2), days(1)));
    assert_eq!(silence.matcher.to_string(), "expiry of studio-* in main");
    assert_eq!((silence.reason.as_str(), silence.even_critical, silence.ended_at), ("a test", true, None));
}

#[tokio::test]
async fn silence_is_in_force_until_its_time_or_until_it_is_ended() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    let late = writer.add_silence(&until(days(3)), days(1)).await.unwrap();
    let soon = writer.add_silence(&until(days(2)), days(1)).await.unwrap();
    let ids = async |writer: &mut super::Writer, now| {
        let silences = writer.silences_in_force(now).await.unwrap();
        silences.into_iter().map(|silence| silence.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&mut writer, days(1)).await, [soon, late]);
    assert_eq!(ids(&mut writer, days(2)).await, [late], "at its time it has ended");
    assert!(!writer.end_silence(soon, days(2)).await.unwrap(), "it has ended already");
    assert!(writer.end_silence(late, days(2)).await.unwrap());
    assert!(ids(&mut writer, at(0)).await == [soon], "a clock set back brings none back that was ended");
}

#[tokio::test]
async fn old_silence_is_purged_and_its_number_is_never_used_again() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    for end in [9, 10, 50] {
        writer.add_silence(&until(days(end)), days(1)).await.unwrap();
    }
    let ended = writer.add_silence(&until(days(50)), days(1)).await.unwrap();
    writer.end_silence(ended, days(9)).await.unwrap();
    assert_eq!(writer.purge(days(10)).await.unwrap().rows, 2, "the first, and the one ended by hand");
    assert!(writer.add_silence(&until(days(50)), days(10)).await.unwrap() > ended);
    writer.commit().await.unwrap();
    assert_eq!(home.count("silences").await, 3);
}

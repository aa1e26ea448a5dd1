# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_minimax_watch_global_optspecs
    string join \n config= log-level= log-format= color= h/help V/version
end

function __fish_minimax_watch_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_minimax_watch_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_minimax_watch_using_subcommand
    set -l cmd (__fish_minimax_watch_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "run" -d 'The service: watch until SIGTERM or SIGINT; SIGHUP reloads the configuration'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "check" -d 'One unattended pass: fetch, store, compare, alert, deliver what is due'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "status" -d 'The last known state, from the store alone'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "history" -d 'The configurations of an account over time, and what changed between them'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "diff" -d 'What differs in an account\'s configuration between two moments'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "alerts" -d 'Open alerts: what, since when, and who was told'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "deliveries" -d 'Messages: to whom, what became of them, how often they were tried'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "ack" -d 'Say that you know of an alert: no reminders until it gets graver or ends'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "explain" -d 'Why an account did or did not alert: every rule, who was told when, and what comes next'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "simulate" -d 'Which messages would go out if nothing but time passed; sends and stores nothing'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "silence" -d 'What nobody is to hear of until a given moment'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "notify" -d 'The way messages take'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "webhook" -d 'What a receiver of webhooks needs'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "schedule" -d 'The next runs, in the schedule\'s zone and in UTC'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "config" -d 'The configuration'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "backup" -d 'A consistent copy of the store while the service runs'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "demo" -d 'A month in seconds, on loopback and in virtual time; needs no account'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "completions" -d 'What a shell needs to complete commands and options, for packagers'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "man" -d 'The man pages, for packagers'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand run" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand run" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand run" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand run" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand run" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -l format -d 'How the result is printed' -r -f -a "table\t'For people'
json\t'For programs'
nagios\t'For Nagios, Icinga and their kin: one line, performance data, details'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -s t -l timeout -d 'End by then with UNKNOWN and say what it was at; no single answer is waited for longer than a third of it' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -l dry-run -d 'Store nothing, send nothing; say what would be sent'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -s q -l quiet -d 'Print nothing when all is well; with receivers only what is new, and what could not be delivered'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand status" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand status" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand status" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand status" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand status" -l json -d 'Print JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand status" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -l at -d 'The configuration as it stood then: RFC 3339, or relative as -3d' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -l since -d 'Only what was seen since: RFC 3339, or relative as 7d' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -l json -d 'Print JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -l from -d 'The one moment: RFC 3339, or relative as -3d [default: when the configuration before was last seen]' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -l to -d 'The other [default: now]' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -l json -d 'Print JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -l since -d 'Also those that ended since: RFC 3339, or relative as 7d' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -l all -d 'Also those that are over'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -l json -d 'Print JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand deliveries" -l since -d 'From when on: RFC 3339, or relative as 7d; what waits is shown in any case' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand deliveries" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand deliveries" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand deliveries" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand deliveries" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand deliveries" -l json -d 'Print JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand deliveries" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand deliveries" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -l reason -d 'What is being done, for whoever meets it later' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -l undo -d 'Take it back: reminders come again'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand explain" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand explain" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand explain" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand explain" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand explain" -l json -d 'Print JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand explain" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand simulate" -l for -d 'How much time is let pass' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand simulate" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand simulate" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand simulate" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand simulate" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand simulate" -l json -d 'Print JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand simulate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand simulate" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -f -a "add" -d 'Withhold fires, reminders and changes; ends are told, and what is left is told when the silence ends'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -f -a "list" -d 'The silences in force'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -f -a "end" -d 'End silences before their time; what they withheld is told at once'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l kind -d 'A kind of alert or change, as in messages; can be given again' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l subscription -d 'A subscription by its name; can be given again' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l until -d 'When it ends: RFC 3339, or relative as +4h' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l for -d 'How long it lasts' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l reason -d 'Why, for whoever meets it later' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l even-critical -d 'Silence critical alerts too'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from list" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from list" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from list" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from list" -l all -d 'Also those that are over'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from list" -l json -d 'Print JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from end" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from end" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from end" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from end" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from end" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from end" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from help" -f -a "add" -d 'Withhold fires, reminders and changes; ends are told, and what is left is told when the silence ends'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from help" -f -a "list" -d 'The silences in force'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from help" -f -a "end" -d 'End silences before their time; what they withheld is told at once'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -f -a "test" -d 'Send a marked test message through the real path and report each result'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from test" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from test" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from test" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from test" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from test" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from help" -f -a "test" -d 'Send a marked test message through the real path and report each result'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -f -a "verify" -d 'Check the signature of a delivery whose body is on stdin'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l id -d 'The header webhook-id' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l timestamp -d 'The header webhook-timestamp' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l signature -d 'The header webhook-signature' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l secret-file -d 'A file with the signing secret; during a rotation several, one a line' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l secret-env -d 'An environment variable with the same' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l receiver -d 'The receiver of the configuration whose secret it is' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l tolerance -d 'How far from now it may have been signed; 0: whenever' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Check the signature of a delivery whose body is on stdin'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand schedule" -l next -d 'How many runs' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand schedule" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand schedule" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand schedule" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand schedule" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand schedule" -l json -d 'Print JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand schedule" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand schedule" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show help" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show help" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show help" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show help" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show help" -f -a "check" -d 'Every problem at once, with file, key and reason'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show help" -f -a "show" -d 'What is in force, secrets redacted'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from check" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from check" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from check" -l probe -d 'Also ask the API once per subscription and greet each receiver, all at once'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Print what was probed as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from show" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from show" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Every problem at once, with file, key and reason'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'What is in force, secrets redacted'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand backup" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand backup" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand backup" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand backup" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand backup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand backup" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand demo" -l folder -d 'Where the store is laid [default: a new temporary folder, which is kept]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand demo" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand demo" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand demo" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand demo" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand demo" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand completions" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand completions" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand completions" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand completions" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand man" -l folder -d 'Write a page for each command into this folder, instead of the main page to stdout' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand man" -l config -d 'The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand man" -l log-level -d 'How much is logged [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'What somebody must act on'
warn\t'What may need somebody'
info\t'One line a run, an alert and a delivery'
debug\t'Every look'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand man" -l log-format -d 'How it is logged to stderr (default: text; under systemd to the journal, with its fields)' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand man" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand man" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "run" -d 'The service: watch until SIGTERM or SIGINT; SIGHUP reloads the configuration'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "check" -d 'One unattended pass: fetch, store, compare, alert, deliver what is due'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "status" -d 'The last known state, from the store alone'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "history" -d 'The configurations of an account over time, and what changed between them'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "diff" -d 'What differs in an account\'s configuration between two moments'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "alerts" -d 'Open alerts: what, since when, and who was told'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "deliveries" -d 'Messages: to whom, what became of them, how often they were tried'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "ack" -d 'Say that you know of an alert: no reminders until it gets graver or ends'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "explain" -d 'Why an account did or did not alert: every rule, who was told when, and what comes next'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "simulate" -d 'Which messages would go out if nothing but time passed; sends and stores nothing'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "silence" -d 'What nobody is to hear of until a given moment'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "notify" -d 'The way messages take'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "webhook" -d 'What a receiver of webhooks needs'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "schedule" -d 'The next runs, in the schedule\'s zone and in UTC'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "config" -d 'The configuration'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "backup" -d 'A consistent copy of the store while the service runs'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "demo" -d 'A month in seconds, on loopback and in virtual time; needs no account'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "completions" -d 'What a shell needs to complete commands and options, for packagers'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "man" -d 'The man pages, for packagers'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from run check status history diff alerts deliveries ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and __fish_seen_subcommand_from silence" -f -a "add" -d 'Withhold fires, reminders and changes; ends are told, and what is left is told when the silence ends'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and __fish_seen_subcommand_from silence" -f -a "list" -d 'The silences in force'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and __fish_seen_subcommand_from silence" -f -a "end" -d 'End silences before their time; what they withheld is told at once'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and __fish_seen_subcommand_from notify" -f -a "test" -d 'Send a marked test message through the real path and report each result'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and __fish_seen_subcommand_from webhook" -f -a "verify" -d 'Check the signature of a delivery whose body is on stdin'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Every problem at once, with file, key and reason'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'What is in force, secrets redacted'

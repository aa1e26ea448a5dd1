# Part of tests/peers/run: a real Postfix that requires STARTTLS and a login, in folders of its own, and what becomes of mails to it.
# A second port accepts small mails only.

mail_folder=$work/postfix
address=127.0.0.1
config=$work/minimax-watch.toml

has() {
  local tool
  for tool in "$@"; do command -v "$tool" > /dev/null || return 1; done
}

install_postfix() {
  [ "$(id -u)" -eq 0 ] || { echo "only root can start it"; return 1; }
  if has postfix saslpasswd2 openssl && compgen -G '/usr/lib/*/sasl2/libplain.so' > /dev/null; then return; fi
  has apt-get debconf-set-selections || { echo "there is no apt-get"; return 1; }
  # Without a configuration, the package starts nothing.
  echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections 2> "$work/apt" &&
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
      postfix sasl2-bin libsasl2-modules openssl; } > "$work/apt" 2>&1 ||
    { echo "its packages cannot be installed: $(tail -n 1 "$work/apt")"; return 1; }
}

configure_postfix() {
  mkdir -p "$mail_folder"/{etc/sasl,spool,data,mail}
  chmod 755 "$work" "$mail_folder" "$mail_folder"/*
  chown postfix "$mail_folder/data"
  chown mail "$mail_folder/mail"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mail.example.com \
    -addext "subjectAltName=IP:$address" -addext basicConstraints=critical,CA:FALSE \
    -keyout "$mail_folder/etc/key.pem" -out "$mail_folder/etc/certificate.pem" 2> /dev/null
  echo placeholder-password | saslpasswd2 -p -c -f "$mail_folder/etc/sasl/users.db" -u example.com watch
  chown postfix "$mail_folder/etc/sasl/users.db"
  # Debian's Postfix looks for it in its configuration.
  cat > "$mail_folder/etc/sasl/smtpd.conf" << END
pwcheck_method: auxprop
auxprop_plugin: sasldb
mech_list: PLAIN LOGIN
sasldb_path: $mail_folder/etc/sasl/users.db
END
  cat > "$mail_folder/etc/main.cf" << END
compatibility_level = 3.6
queue_directory = $mail_folder/spool
data_directory = $mail_folder/data
maillog_file = $mail_folder/spool/log
maillog_file_prefixes = $mail_folder
inet_interfaces = $address
inet_protocols = ipv4
myhostname = mail.example.com
mydestination =
mynetworks =
alias_maps =
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = $mail_folder/etc/certificate.pem
smtpd_tls_key_file = $mail_folder/etc/key.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = example.com
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_data_restrictions =
smtpd_relay_restrictions = check_recipient_access inline:{{later@example.com = 450 4.7.1 Greylisted, try again}}, permit_sasl_authenticated, reject
smtputf8_enable = yes
virtual_mailbox_domains = example.com
virtual_mailbox_base = $mail_folder/mail
virtual_mailbox_maps = inline:{ops@example.com=ops/, later@example.com=later/, jürgen@example.com=umlaut/}
virtual_minimum_uid = 1
virtual_uid_maps = static:$(id -u mail)
virtual_gid_maps = static:$(id -g mail)
END
  # Ports that are free now.
  mail_port=$(free_port)
  small_port=$(free_port)
  {
    echo "$address:$mail_port inet n - n - - smtpd"
    echo "$address:$small_port inet n - n - - smtpd -o message_size_limit=1000"
    for service in rewrite:trivial-rewrite bounce defer:bounce trace:bounce error retry:error proxymap; do
      echo "${service%:*} unix - - n - 0 ${service#*:}"
    done
    echo "cleanup unix n - n - 0 cleanup"
    echo "postlog unix-dgram n - n - 1 postlogd"
    echo "qmgr unix n - n 300 1 qmgr"
    echo "virtual unix - n n - - virtual"
    echo "anvil unix - - n - 1 anvil"
    echo "verify unix - - n - 1 verify"
    echo "tlsmgr unix - - n 1000? 1 tlsmgr"
  } > "$mail_folder/etc/master.cf"
}

free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); (: < "/dev/tcp/$address/$port") 2> /dev/null; do :; done
  echo "$port"
}

start_postfix() {
  postfix -c "$mail_folder/etc" start > "$mail_folder/started" 2>&1 || true
  local tries
  for ((tries = 0; tries < 200; tries++)); do
    if (: < "/dev/tcp/$address/$mail_port") 2> /dev/null; then return; fi
    sleep 0.1
  done
  echo "FAILED: postfix: did not start: $(tail -n 3 "$mail_folder/started" "$mail_folder/spool/log" 2>&1)"
  failed=1
  return 1
}

# mail_receiver NAME PORT PASSWORD_FILE RECIPIENTS
mail_receiver() {
  cat >> "$config" << END
[[receivers]]
name = "$1"
type = "email"
from = "minimax-watch <watch@example.com>"
to = [$4]
smtp = { host = "$address", port = $2, username = "watch", password_file = "$3", timeout = "10s" }
END
}

# Waits until the queue has delivered a mail to a maildir.
arrived() {
  local tries
  for ((tries = 0; tries < 200; tries++)); do
    if compgen -G "$mail_folder/mail/$1/new/*" > /dev/null; then break; fi
    sleep 0.1
  done
  "$python" "$here/judge.py" mail "$mail_folder/mail/$1" 2>&1
}

try_postfix() {
  secret smtp-password placeholder-password
  secret wrong-password another-password
  mail_receiver mail "$mail_port" smtp-password '"ops@example.com"'
  mail_receiver wrong "$mail_port" wrong-password '"ops@example.com"'
  mail_receiver later "$mail_port" smtp-password '"later@example.com"'
  mail_receiver nobody "$mail_port" smtp-password '"nobody@example.com"'
  mail_receiver umlaut "$mail_port" smtp-password '"jürgen@example.com"'
  mail_receiver small "$small_port" smtp-password '"ops@example.com"'
  expect postfix "a certificate that is not trusted: nothing is sent" "mail: failed*certificate*" "$(send mail)"
  export SSL_CERT_FILE=$mail_folder/etc/certificate.pem
  expect postfix "a wrong password is temporary" "wrong: failed*535*" "$(send wrong)"
  expect postfix "greylisting is temporary" "later: failed*450*Greylisted*" "$(send later)"
  expect postfix "an unknown recipient is a refusal" "nobody: refused*550*" "$(send nobody)"
  expect postfix "a mail that is too large there is temporary" "small: failed*552*" "$(send small)"
  expect postfix "takes a mail by STARTTLS and login" "mail: delivered" "$(send mail)"
  expect postfix "delivers that mail alone, with its headers" \
    "minimax-watch <watch@example.com> -> ops@example.com; [[]TEST] minimax-watch reaches mail; auto-generated; multipart/alternative text/plain text/html; date and id: True; defects: 0" \
    "$(arrived ops)"
  expect postfix "takes a mail to letters beyond ASCII" "umlaut: delivered" "$(send umlaut)"
  expect postfix "delivers it by SMTPUTF8" \
    "minimax-watch <watch@example.com> -> jürgen@example.com; [[]TEST] minimax-watch reaches umlaut; *" "$(arrived umlaut)"
}

if [ -z "$have_python" ]; then
  skip postfix "its mails are read by Python"
elif ! why=$(install_postfix); then
  skip postfix "$why"
elif configure_postfix && start_postfix; then
  try_postfix
fi

# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_minimax_watch_global_optspecs
    string join \n c/config= json log-level= log-format= color= h/help V/version
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

complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "init" -d 'Write a first configuration, after checking the token and a test message'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "run" -d 'Run the service: watch until SIGTERM or SIGINT; SIGHUP reloads the configuration'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "check" -d 'Check the accounts once, send the alerts that are due, exit with the verdict'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "status" -d 'Show the last known state, from the store alone'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "usable" -d 'List the accounts that can take jobs now, best first, and why others cannot'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "health" -d 'Say whether the service is able to do its work; for containers and monitors'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "history" -d 'Show the configurations of an account over time, and what changed between them'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "diff" -d 'Compare an account\'s configuration at two times'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "alerts" -d 'List open alerts: since when, and which receivers were notified'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "deliveries" -d 'List messages: receiver, state, attempts, last error'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "resend" -d 'Send stored messages again, for example after a receiver lost them'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "ack" -d 'Acknowledge an alert: no reminders until it escalates or resolves'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "explain" -d 'Explain why an account did or did not alert, and what comes next'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "simulate" -d 'Forecast which messages would be sent if only time passed'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "silence" -d 'Suppress notifications until a given time'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "notify" -d 'Test notification delivery'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "webhook" -d 'Tools for webhook receivers'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "schedule" -d 'Show the next runs, in the schedule\'s time zone and in UTC'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "config" -d 'Check or print the configuration'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "backup" -d 'Write a consistent copy of the store while the service runs'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "demo" -d 'Play a month in seconds with a simulated vendor; needs no account'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "completions" -d 'Print a shell completion script, for packagers'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "man" -d 'Print the man pages, for packagers'
complete -c minimax-watch -n "__fish_minimax_watch_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand init" -l token-file -d 'File that holds the API token' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand init" -l account -d 'An account to watch, and your name for it; repeatable [default: all]' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand init" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand init" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand init" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand init" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand init" -l discover -d 'Watch every account that the API lists, also later ones'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand init" -l no-receiver -d 'Notify nobody: only `status` and the exit status of `check` report alerts'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand init" -l skip-test -d 'Send no test message'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand init" -l no-input -d 'Ask nothing, also in a terminal'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand init" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand init" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand run" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand run" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand run" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand run" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand run" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand run" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -l format -d 'Output format; --json is short for --format json' -r -f -a "table\t'For people'
json\t'For programs'
nagios\t'For Nagios, Icinga and similar monitors: one line, performance data, details'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -s t -l timeout -d 'Overall time limit; a bare number is in seconds. On expiry exit with UNKNOWN and print the current step. A single request may use at most a third of it' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -l dry-run -d 'Store and send nothing; print what would be sent'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -s q -l quiet -d 'Print nothing when all is well; with receivers, only what is new and what could not be delivered'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand check" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand status" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand status" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand status" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand status" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand status" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand status" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand usable" -l needs -d 'Capabilities that must be true, such as video,audio: names of the vendor\'s `support…` flags, with or without `support`' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand usable" -l for -d 'How long the token must stay valid, such as 2h' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand usable" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand usable" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand usable" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand usable" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand usable" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand usable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand usable" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand health" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand health" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand health" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand health" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand health" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand health" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand health" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -l at -d 'Only the configuration at that time, such as -3d' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -l since -d 'Only configurations seen since then, such as 30d' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand history" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -l from -d 'The earlier time, such as -7d [default: when the previous configuration was last seen]' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -l to -d 'The later time [default: now]' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand diff" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -l since -d 'Include alerts that resolved since then, such as 7d' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -l all -d 'Include resolved alerts'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand alerts" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand deliveries" -l since -d 'Start of the list, such as 30d; pending messages are always listed' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand deliveries" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand deliveries" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand deliveries" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand deliveries" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand deliveries" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand deliveries" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand deliveries" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand resend" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand resend" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand resend" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand resend" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand resend" -l same-id -d 'Send delivered messages under the ids that they have'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand resend" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand resend" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand resend" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -l reason -d 'A note: what is being done' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -l undo -d 'Remove the acknowledgement: reminders are sent again'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand ack" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand explain" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand explain" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand explain" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand explain" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand explain" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand explain" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand simulate" -l for -d 'Length of the forecast' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand simulate" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand simulate" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand simulate" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand simulate" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand simulate" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand simulate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand simulate" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -f -a "add" -d 'Suppress alerts, reminders and changes for a while; when it ends, changes and alerts that still fire are sent'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -f -a "list" -d 'List the silences in force'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -f -a "end" -d 'End silences early: the service sends suppressed changes, and alerts that still fire, at once; else the next `check` does'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l kind -d 'A kind of alert or change, such as expiry; several with commas' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l subscription -d 'Only alerts and changes of this subscription; can be repeated' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l until -d 'When it ends, such as +3d or \'2026-11-24 08:00\'' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l for -d 'How long it lasts, such as 4h' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l reason -d 'Why, for those who read the list' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l even-critical -d 'Silence critical alerts too'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l force -d 'Add it even if it matches no watched account or names an unknown subscription'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from add" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from list" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from list" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from list" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from list" -l all -d 'Include silences that have ended'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from list" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from end" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from end" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from end" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from end" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from end" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from end" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from end" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from help" -f -a "add" -d 'Suppress alerts, reminders and changes for a while; when it ends, changes and alerts that still fire are sent'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the silences in force'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from help" -f -a "end" -d 'End silences early: the service sends suppressed changes, and alerts that still fire, at once; else the next `check` does'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand silence; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -f -a "test" -d 'Send a marked test message as alerts are sent, and report each result'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and not __fish_seen_subcommand_from test help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from test" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from test" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from test" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from test" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from test" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from test" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from help" -f -a "test" -d 'Send a marked test message as alerts are sent, and report each result'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand notify; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -f -a "verify" -d 'Check the signature of a delivery whose body is on stdin'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and not __fish_seen_subcommand_from verify help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l id -d 'The header webhook-id' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l timestamp -d 'The header webhook-timestamp' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l signature -d 'The header webhook-signature' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l secret-file -d 'A file with the signing secret; several during a rotation, one per line' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l secret-env -d 'An environment variable that holds the signing secret' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l receiver -d 'A receiver of the configuration whose secret is used' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l tolerance -d 'Largest accepted age of the timestamp; 0 accepts any' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from verify" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Check the signature of a delivery whose body is on stdin'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand webhook; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand schedule" -l next -d 'Number of runs' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand schedule" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand schedule" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand schedule" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand schedule" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand schedule" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand schedule" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand schedule" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -f -a "check" -d 'Report every problem at once, with file, key and reason'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -f -a "show" -d 'Print the effective configuration, secrets hidden'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -f -a "schema" -d 'Print a JSON Schema of the configuration file'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from check" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from check" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from check" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from check" -l probe -d 'Also ask the API once per subscription and connect to each receiver'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from show" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from show" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from show" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from schema" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from schema" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from schema" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from schema" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from schema" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from schema" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Report every problem at once, with file, key and reason'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print the effective configuration, secrets hidden'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "schema" -d 'Print a JSON Schema of the configuration file'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand backup" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand backup" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand backup" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand backup" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand backup" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand backup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand backup" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand demo" -l serve -d 'When the month is over, two more things go wrong, and its status page is served at this loopback address until Ctrl-C [default: 127.0.0.1:9464]' -r
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand demo" -l folder -d 'New or empty folder for the demo\'s files [default: a new temporary folder, which is kept]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand demo" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand demo" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand demo" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand demo" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand demo" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand demo" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand completions" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand completions" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand completions" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand completions" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand completions" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand man" -l folder -d 'Write a page for each command into this folder, instead of the main page to stdout' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand man" -s c -l config -d 'Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]' -r -F
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand man" -l log-level -d 'Log level [default: info for `run`, else warn]' -r -f -a "off\t'Nothing'
error\t'Errors that need action'
warn\t'Warnings'
info\t'One line for each run, alert and delivery'
debug\t'Every check'
trace\t'Everything'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand man" -l log-format -d 'Log format on stderr [default: text; under systemd the journal\'s own, with fields]' -r -f -a "text\t'For people'
json\t'For machines, one object a line'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand man" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand man" -l json -d 'Print the result as JSON'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand man" -s V -l version -d 'Print version'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "init" -d 'Write a first configuration, after checking the token and a test message'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "run" -d 'Run the service: watch until SIGTERM or SIGINT; SIGHUP reloads the configuration'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "check" -d 'Check the accounts once, send the alerts that are due, exit with the verdict'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "status" -d 'Show the last known state, from the store alone'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "usable" -d 'List the accounts that can take jobs now, best first, and why others cannot'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "health" -d 'Say whether the service is able to do its work; for containers and monitors'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "history" -d 'Show the configurations of an account over time, and what changed between them'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "diff" -d 'Compare an account\'s configuration at two times'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "alerts" -d 'List open alerts: since when, and which receivers were notified'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "deliveries" -d 'List messages: receiver, state, attempts, last error'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "resend" -d 'Send stored messages again, for example after a receiver lost them'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "ack" -d 'Acknowledge an alert: no reminders until it escalates or resolves'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "explain" -d 'Explain why an account did or did not alert, and what comes next'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "simulate" -d 'Forecast which messages would be sent if only time passed'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "silence" -d 'Suppress notifications until a given time'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "notify" -d 'Test notification delivery'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "webhook" -d 'Tools for webhook receivers'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "schedule" -d 'Show the next runs, in the schedule\'s time zone and in UTC'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "config" -d 'Check or print the configuration'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "backup" -d 'Write a consistent copy of the store while the service runs'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "demo" -d 'Play a month in seconds with a simulated vendor; needs no account'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "completions" -d 'Print a shell completion script, for packagers'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "man" -d 'Print the man pages, for packagers'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and not __fish_seen_subcommand_from init run check status usable health history diff alerts deliveries resend ack explain simulate silence notify webhook schedule config backup demo completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and __fish_seen_subcommand_from silence" -f -a "add" -d 'Suppress alerts, reminders and changes for a while; when it ends, changes and alerts that still fire are sent'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and __fish_seen_subcommand_from silence" -f -a "list" -d 'List the silences in force'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and __fish_seen_subcommand_from silence" -f -a "end" -d 'End silences early: the service sends suppressed changes, and alerts that still fire, at once; else the next `check` does'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and __fish_seen_subcommand_from notify" -f -a "test" -d 'Send a marked test message as alerts are sent, and report each result'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and __fish_seen_subcommand_from webhook" -f -a "verify" -d 'Check the signature of a delivery whose body is on stdin'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Report every problem at once, with file, key and reason'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Print the effective configuration, secrets hidden'
complete -c minimax-watch -n "__fish_minimax_watch_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "schema" -d 'Print a JSON Schema of the configuration file'

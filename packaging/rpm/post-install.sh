# Where secrets go, one a file; systemd reads them as root and passes them on.
mkdir -p /etc/minimax-watch/secrets
chmod 0700 /etc/minimax-watch/secrets
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
	# An upgrade: those that run go on with the new version.
	if [ "$1" -gt 1 ]; then
		systemctl try-restart 'minimax-watch.service' 'minimax-watch@*.service' || true
	fi
fi

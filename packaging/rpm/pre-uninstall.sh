# A removal, not an upgrade. Store, configuration and secrets stay.
if [ "$1" -eq 0 ] && [ -d /run/systemd/system ]; then
	systemctl disable --now minimax-watch.service minimax-watch-check.timer || true
	systemctl stop 'minimax-watch@*.service' minimax-watch-check.service || true
fi

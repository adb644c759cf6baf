"""The backend on this machine: build, emulator, mock WeChat server, deployment and API."""

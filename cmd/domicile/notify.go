package main

import (
	"context"
	"net"
)

// What a service manager is told of a process.
const (
	nowServing = "READY=1"
	nowEnding  = "STOPPING=1"
)

// notify tells the service manager that started the process how it is, as sd_notify(3) has it;
// nobody, where none asks for it.
func (a *app) notify(ctx context.Context, state string) error {
	socket := a.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unixgram", socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte(state))
	return err
}

package alerts

import (
	"context"
	"time"
)

// Plain is how a text of a tenant is told.
var Plain = plain

// Look writes the digests of what has changed, and Deliver sends those that are due.
func (a *Alerts) Look(ctx context.Context) error    { return a.look(ctx) }
func (a *Alerts) Deliver(ctx context.Context) error { return a.deliver(ctx) }

// Patience sets how long receivers have to answer.
func (a *Alerts) Patience(d time.Duration) {
	for _, alert := range a.setup.Load().alerts {
		alert.receiver.Patience = d
	}
}

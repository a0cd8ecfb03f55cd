package alerts

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// maxAttempts is how often a digest is sent before it is given up, and longestPause the longest
	// pause between: about four days in all.
	maxAttempts  = 24
	longestPause = 6 * time.Hour
	// maxInTurn is how many digests one alert is sent before the others have their turn again, and
	// forgottenAfter how long the digests of an alert are kept that isn't in the configuration any
	// more: it may come back.
	maxInTurn      = 20
	forgottenAfter = 7 * 24 * time.Hour
)

// deliver sends the digests that are due: the alerts side by side, so that a receiver that hangs
// or is slow keeps none of the others waiting for much longer than its patience.
func (a *Alerts) deliver(ctx context.Context) error {
	alerts := a.setup.Load().alerts
	var group errgroup.Group
	names := make([]string, len(alerts))
	for i, alert := range alerts {
		names[i] = alert.Name
		group.Go(func() error {
			due, err := a.store.due(ctx, alert.Name)
			if err != nil {
				return err
			}
			begun := a.Now()
			for _, one := range due {
				if sent, err := a.send(ctx, alert, one); err != nil || !sent || a.Now().Sub(begun) > alert.receiver.Patience {
					return err
				}
			}
			return nil
		})
	}
	return errors.Join(group.Wait(), a.store.forget(ctx, names, a.Now().Add(-forgottenAfter)))
}

// send sends a digest, unless another process does. sent is false where the receiver doesn't take
// it: then it needn't be asked to take the next one now.
func (a *Alerts) send(ctx context.Context, alert prepared, m message) (sent bool, err error) {
	select {
	case <-ctx.Done():
		return false, nil
	default:
	}
	// Whoever ends here leaves the digest to the next process, and what was begun is ended.
	ctx = context.WithoutCancel(ctx)
	mine, err := a.store.take(ctx, m, 4*alert.receiver.Patience)
	if err != nil || !mine {
		return true, err
	}
	m.attempts++
	log := a.Log.With("alert", alert.Name, "digest", m.id, "attempt", m.attempts)
	err = alert.receiver.Send(m.title, m.body)
	switch {
	case err == nil:
		log.Info("a digest is sent")
		return true, a.store.sent(ctx, m)
	case m.attempts >= maxAttempts:
		log.Error("a digest is given up; what it tells stands in the history", "error", err)
		a.lost.Add(1)
		return false, a.store.sent(ctx, m)
	}
	pause := min(a.Pause<<min(m.attempts-1, 16), longestPause)
	log.Warn("a digest can't be sent, and waits", "in", pause, "error", err)
	return false, a.store.again(ctx, m, pause, err.Error())
}

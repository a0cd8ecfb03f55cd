package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	kiota "github.com/microsoft/kiota-abstractions-go"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/limits"
)

// longWait is how long a wait must be to be told about: nothing else would say why the
// program stands still.
const longWait = 5 * time.Second

// outgoing is one request: how it is recorded and how each attempt of it is built.
type outgoing struct {
	method string
	target *url.URL
	build  func() (*kiota.RequestInformation, error)
	// buffer is where the answer is read into, as far as it suffices; nil for a new one.
	buffer []byte
	// writes says that the request changes something. It is sent again only where the service
	// says that it did nothing (429): whoever sent it looks what became of it.
	writes bool
}

// Attempt is one attempt of a request. It names no resource.
type Attempt struct {
	API collectors.API
	// Workload is the part of the service whose requests are counted together.
	Workload string
	// Status is 0 where no answer came.
	Status int
	// Number is 1 for the first attempt.
	Number   int
	Started  time.Time
	Duration time.Duration
}

// Throttled says that the service asked for a pause.
func (a Attempt) Throttled() bool { return a.Status == http.StatusTooManyRequests }

// send sends a request until it is answered, refused or given up, records it, and
// returns an answer with a 2xx status or the error of collectors.Source.
func (s *session) send(ctx context.Context, out outgoing) (reply, error) {
	record := evidence.Request{Time: s.client.opts.Now().UTC(), Method: out.method, URL: recorded(out.target)}
	got, attempts, err := s.attempts(ctx, out)
	if attempts > 0 && s.client.opts.Record != nil {
		record.Status, record.RequestID = got.status, got.requestID
		record.Attempts, record.Bytes = attempts, int64(len(got.body))
		s.client.opts.Record(record)
	}
	if err != nil {
		return reply{}, err
	}
	if got.status < 200 || got.status > 299 {
		return reply{}, s.refuse(got)
	}
	return got, nil
}

// attempts sends a request as often as it takes: again after a 401 with a fresh token,
// once; again when the service is busy, as long as MaxWait allows; again after a broken
// connection or a time-out, a few times. It returns the last answer of any status.
func (s *session) attempts(ctx context.Context, out outgoing) (reply, int, error) {
	patience := s.client.newRetry()
	challenge, renewed, last := "", false, reply{}
	workload, units := limits.Of(string(s.api), s.relative(out.target))
	for sent := 1; ; sent++ {
		generation := s.client.currentGeneration()
		token, err := s.client.token(ctx, s.api, challenge)
		if err != nil {
			return reply{}, sent - 1, err
		}
		challenge = ""
		info, err := out.build()
		if err != nil {
			return reply{}, sent - 1, &collectors.RefusalError{Reason: evidence.Invalid, Message: "the request can't be built: " + clean(err.Error(), maxMessage)}
		}
		ticket, err := s.client.budget.take(ctx, patience, workload, units)
		if err != nil {
			return last, sent - 1, err
		}
		if ticket == nil {
			return last, sent - 1, &collectors.RefusalError{
				Status: last.status, RequestID: last.requestID, Reason: evidence.Throttled,
				Message: "the service has asked for a pause that is longer than is waited; wait longer or scan later",
			}
		}
		started := s.client.opts.Now()
		got, err := s.once(ctx, token, info, out.buffer)
		last = got
		if observe := s.client.opts.Observe; observe != nil {
			observe(ctx, Attempt{API: s.api, Workload: workload.Name, Status: got.status, Number: sent, Started: started, Duration: s.client.opts.Now().Sub(started)})
		}
		var wait, pause time.Duration
		again := false
		switch {
		case err != nil:
			wait, again = patience.afterBreak(err)
		case busy(got.status):
			wait, again = patience.afterBusy(got.header)
			if got.status == http.StatusTooManyRequests || got.header.Get("Retry-After") != "" {
				pause = wait
			}
		}
		again = again && (!out.writes || got.status == http.StatusTooManyRequests)
		ticket.give(got, pause)
		switch {
		case ctx.Err() != nil:
			return got, sent, ctx.Err()
		case err != nil && !again:
			return got, sent, broken(got, err)
		case err == nil && got.status == http.StatusUnauthorized && !renewed:
			renewed = true
			if challenge = got.challenge; challenge == "" {
				s.client.renew(generation)
			}
			continue
		}
		if !again {
			return got, sent, nil
		}
		level := slog.LevelDebug
		if wait >= longWait {
			level = slog.LevelWarn
		}
		s.client.opts.Log.Log(ctx, level, "waiting before another attempt",
			"api", s.api, "status", got.status, "attempt", sent, "duration", wait)
		if err := patience.wait(ctx, wait); err != nil {
			return got, sent, err
		}
	}
}

// currentGeneration is the number of the credential in use.
func (c *Client) currentGeneration() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.generation
}

// broken is the RefusalError of a request that has no whole answer.
func broken(got reply, err error) error {
	refusal := &collectors.RefusalError{Status: got.status, RequestID: got.requestID}
	var refused *guardError
	switch {
	case errors.As(err, &refused):
		refusal.Reason, refusal.Message = evidence.Invalid, refused.Error()
	case errors.Is(err, errTooLarge):
		refusal.Reason, refusal.Message = evidence.Invalid, "the answer is larger than is read; ask for fewer objects a page"
	case badCompression(err):
		refusal.Reason, refusal.Message = evidence.Invalid, "the answer is not the gzip that it claims to be"
	case timedOut(err):
		refusal.Reason, refusal.Message = evidence.Timeout, "no whole answer in time"
	case got.status != 0: // the service was there, and its answer is not whole
		refusal.Reason, refusal.Message = evidence.Invalid, "the answer broke off"
	default:
		refusal.Reason, refusal.Message = evidence.Unreachable, fmt.Sprintf("the service can't be reached: %s; check the network and the proxy", plain(err))
	}
	return refusal
}

// recorded is the URL of a request as it may be written down.
func recorded(target *url.URL) string {
	shown := *target
	shown.User, shown.Fragment, shown.RawFragment = nil, "", ""
	return redact(shown.String())
}

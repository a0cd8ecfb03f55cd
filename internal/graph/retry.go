package graph

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"math"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// The patience of one request. Attempts that a service refuses because it is busy are
// bounded by Options.MaxWait; attempts that break are bounded by their number.
const (
	maxBreaks  = 2
	minWait    = time.Second
	spreadWait = 2 * time.Second
	maxBackoff = time.Minute
)

// retry is what is left of the patience of one request.
type retry struct {
	client  *Client
	waited  time.Duration
	refused int
	broken  int
}

func (c *Client) newRetry() *retry { return &retry{client: c} }

// busy says whether a status asks to try again later. Microsoft Graph, "Throttling
// guidance": 429 and 503 come with Retry-After, 504 may come without.
func busy(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}

// afterBusy returns how long to wait after an answer with a busy status, and false once
// the whole wait would be longer than Options.MaxWait.
func (r *retry) afterBusy(header http.Header) (time.Duration, bool) {
	r.refused++
	wait, ok := retryAfter(header.Get("Retry-After"), r.client.opts.Now())
	if !ok {
		wait = r.backoff(r.refused)
	}
	wait = max(wait, minWait)
	return wait, r.bears(wait)
}

// bears says whether the request may wait for so long.
func (r *retry) bears(wait time.Duration) bool { return wait <= r.client.opts.MaxWait-r.waited }

// afterBreak returns how long to wait after an attempt that broke, and false where
// another attempt would break as well or there were enough of them.
func (r *retry) afterBreak(err error) (time.Duration, bool) {
	r.broken++
	wait := r.backoff(r.broken)
	return wait, r.broken <= maxBreaks && !permanent(err) && r.bears(wait)
}

// backoff is between one and three seconds the first time and doubles each time.
func (r *retry) backoff(n int) time.Duration {
	first := minWait + time.Duration(r.client.opts.Jitter()*float64(spreadWait))
	return min(first<<min(n-1, 6), maxBackoff)
}

// wait sleeps, or returns the context's error.
func (r *retry) wait(ctx context.Context, d time.Duration) error {
	r.waited += d
	return r.client.budget.wait(ctx, d)
}

// retryAfter reads the header Retry-After (RFC 9110, section 10.2.3): seconds, or a
// date. It returns false for one that is absent, unreadable or in the past.
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if math.IsNaN(seconds) || seconds < 0 {
			return 0, false
		}
		const longest = 365 * 24 * time.Hour
		return time.Duration(min(seconds, longest.Seconds()) * float64(time.Second)), true
	}
	if date, err := http.ParseTime(value); err == nil && date.After(now) {
		return date.Sub(now), true
	}
	return 0, false
}

// permanent says whether an attempt broke for a cause that another attempt would meet
// as well: nobody listens, the name doesn't exist, the certificate isn't trusted, or
// this package itself refused.
func permanent(err error) bool {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var refused *guardError
	return errors.Is(err, syscall.ECONNREFUSED) ||
		errors.As(err, &dns) && dns.IsNotFound ||
		errors.As(err, &certificate) ||
		errors.As(err, &refused) ||
		errors.Is(err, errTooLarge) ||
		badCompression(err)
}

// badCompression says whether a body is not the gzip stream that it claims to be.
func badCompression(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt)
}

// timedOut says whether an attempt took too long.
func timedOut(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// Package graph is the only code that opens a connection to a Microsoft cloud or sees a
// token.
//
// In go the tenant, its cloud and a way to sign in; out comes a Client, which reads
// Microsoft Graph, Defender XDR's API, Defender for Endpoint's API and Azure Resource
// Manager as a collectors.Source: raw JSON, page by page, each failure with the reason
// it had. It signs in with azidentity and sends through the request adapter of
// Microsoft's Graph SDK, whose answers it takes as bytes.
//
// The package fails closed. A token is looked at each time one is got, and one of
// another tenant ends the collection; a token goes to the end point of its own API
// alone; a request that would leave without a token doesn't leave. A Client writes nothing
// to a tenant. A Writer, which remediation alone connects, sends the requests of a closed
// list. No token, secret or body reaches an error, a log or a record.
package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

// The defaults of Options.
const (
	defaultMaxWait        = 10 * time.Minute
	defaultPageCap        = 100_000
	defaultAttemptTimeout = 100 * time.Second
	defaultMaxBody        = 256 << 20
	defaultUserAgent      = "domicile"
)

// Options says which tenant is read and how. TenantID, Cloud, Auth and Now are required;
// the rest is useful as it is.
type Options struct {
	// TenantID is the tenant's id, a GUID. The tid of every token is compared with it.
	TenantID string
	Cloud    Cloud
	Auth     Auth

	// Proxy is the URL of a proxy for every connection (http, https or socks5). Empty
	// means what HTTPS_PROXY and NO_PROXY say.
	Proxy string
	// CA is a PEM file of authorities that are trusted besides the system's.
	CA []byte
	// UserAgent names the program to the services; empty means "domicile".
	UserAgent string

	// MaxWait is how long one request may wait in all because a service throttles it or
	// is unavailable. Zero means 10 minutes, a negative value not at all.
	MaxWait time.Duration
	// AttemptTimeout is how long one attempt of a request may take, waits between the
	// attempts not counted. Zero means 100 seconds.
	AttemptTimeout time.Duration
	// PageCap is the greatest number of pages that a collection may have. Zero means
	// 100,000.
	PageCap int
	// MaxBody is the greatest size of an answer in bytes. Zero means 256 MiB.
	MaxBody int64

	// Allow, if set, is asked before each request of an API leaves, and may keep it back with an
	// error. It may be called by several goroutines at a time.
	Allow func() error
	// Record, if set, is told of each request once it is over, retries included. It may
	// be called by several goroutines at a time.
	Record func(evidence.Request)
	// Observe, if set, is told of each attempt of a request. It may be called by several
	// goroutines at a time.
	Observe func(ctx context.Context, attempt Attempt)
	// Now is the clock.
	Now func() time.Time
	// Sleep waits, or returns the context's error. Nil waits on the real clock.
	Sleep func(ctx context.Context, d time.Duration) error
	// Jitter returns a number of at least 0 and less than 1 that spreads the waits which
	// no service has asked for. Nil means a random one.
	Jitter func() float64
	// Prompt is shown the text that tells a person how to sign in with a device code.
	Prompt io.Writer
	// Log, if set, is told of retries.
	Log *slog.Logger
}

// Client reads one tenant. Its methods may be called by several goroutines at a time.
type Client struct {
	opts      Options
	transport *http.Transport
	login     *loginTransport
	budget    *budget
	sessions  map[collectors.API]*session

	mu         sync.Mutex
	credential azcore.TokenCredential
	generation int
	claims     map[collectors.API]claims
}

var _ collectors.Source = (*Client)(nil)

// Connect signs in to the tenant: it gets a token for Microsoft Graph and compares it
// with what was asked for. A sign-in that fails (no token, a token of another tenant or
// one that has expired, a login host that can't be reached) is a *collectors.AuthError
// that says what to do next. The tokens of the other APIs are got when they are needed.
func Connect(ctx context.Context, opts Options) (*Client, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("connecting to the tenant: %w", err)
	}
	transport, err := newTransport(opts.Proxy, opts.CA)
	if err != nil {
		return nil, fmt.Errorf("connecting to tenant %s: %w", opts.TenantID, err)
	}
	c := &Client{
		opts:      opts,
		transport: transport,
		sessions:  make(map[collectors.API]*session),
		claims:    make(map[collectors.API]claims),
	}
	c.budget = newBudget(&c.opts)
	c.login = &loginTransport{next: transport, retry: c.newRetry}
	for _, api := range []collectors.API{collectors.Graph, collectors.XDR, collectors.MDE, collectors.ARM} {
		if opts.Cloud.Endpoint(api) == (Endpoint{}) {
			continue
		}
		if c.sessions[api], err = newSession(c, api); err != nil {
			return nil, fmt.Errorf("connecting to tenant %s: %w", opts.TenantID, err)
		}
	}
	if c.credential, err = c.newCredential(); err != nil {
		return nil, &collectors.AuthError{Err: fmt.Errorf("signing in to tenant %s with %s: %w", opts.TenantID, opts.Auth.Method, err)}
	}
	if _, err := c.token(ctx, collectors.Graph, ""); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Close gives the connections back. The client must not be used afterwards.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Reader says who reads the tenant, as the tokens got so far name it.
func (c *Client) Reader() evidence.Reader {
	c.mu.Lock()
	defer c.mu.Unlock()
	reader := evidence.Reader{Roles: []string{}, Scopes: []string{}}
	for _, claims := range c.claims {
		reader.Roles = append(reader.Roles, claims.Roles...)
		reader.Scopes = append(reader.Scopes, claims.scopes()...)
	}
	graph := c.claims[collectors.Graph]
	reader.TenantID, reader.AppID = graph.TenantID, graph.appID()
	reader.Roles = sorted(reader.Roles)
	reader.Scopes = sorted(reader.Scopes)
	return reader
}

// Granted returns the permissions that the token for the API carries, its roles and
// scopes, sorted; an empty list where it has neither.
func (c *Client) Granted(ctx context.Context, api collectors.API) ([]string, error) {
	if _, err := c.session(api); err != nil {
		return nil, err
	}
	if _, err := c.token(ctx, api, ""); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	claims := c.claims[api]
	return sorted(append(slices.Clone(claims.Roles), claims.scopes()...)), nil
}

// session returns the session of an API, or a RefusalError where the cloud doesn't have it.
func (c *Client) session(api collectors.API) (*session, error) {
	if s, ok := c.sessions[api]; ok {
		return s, nil
	}
	return nil, &collectors.RefusalError{
		Reason:  evidence.NotInThisCloud,
		Message: fmt.Sprintf("the cloud %s has no API %q", c.opts.Cloud.Name, api),
	}
}

// withDefaults fills in what was left out and refuses what can't be.
func (o Options) withDefaults() (Options, error) {
	switch {
	case o.TenantID == "":
		return o, errors.New("the tenant's id is missing; it is a GUID, shown on the overview page of Microsoft Entra")
	case o.Cloud.Login == "" || o.Cloud.Graph == (Endpoint{}):
		return o, errors.New("the cloud is missing; take one of graph.Clouds or make one with graph.Custom")
	case o.Now == nil:
		return o, errors.New("the clock is missing; pass it as Now")
	}
	if o.MaxWait == 0 {
		o.MaxWait = defaultMaxWait
	}
	if o.AttemptTimeout <= 0 {
		o.AttemptTimeout = defaultAttemptTimeout
	}
	if o.PageCap <= 0 {
		o.PageCap = defaultPageCap
	}
	if o.MaxBody <= 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.UserAgent == "" {
		o.UserAgent = defaultUserAgent
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// sleep waits on the real clock, or returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// sorted returns the strings sorted, each once, and never nil.
func sorted(list []string) []string {
	slices.Sort(list)
	list = slices.Compact(list)
	if list == nil {
		return []string{}
	}
	return list
}

package graph

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// The limits of connections and of what an authority may answer.
const (
	dialTimeout   = 30 * time.Second
	tlsTimeout    = 15 * time.Second
	idleTimeout   = 90 * time.Second
	idlePerHost   = 16
	loginTimeout  = 30 * time.Second
	loginPatience = 20 * time.Minute
	maxLoginReply = 4 << 20
)

// newTransport returns the connections of one client: through the proxy, if any, and
// trusting the authorities in ca besides the system's. Errors don't repeat the proxy's
// URL, which may hold a password.
func newTransport(proxy string, ca []byte) (*http.Transport, error) {
	through, err := proxyFunc(proxy)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(ca) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(ca) {
			return nil, errors.New("ca_file holds no certificate; give the authority's certificate as PEM")
		}
		config.RootCAs = pool
	}
	return &http.Transport{
		Proxy:               through,
		DialContext:         (&net.Dialer{Timeout: dialTimeout, KeepAlive: dialTimeout}).DialContext,
		TLSClientConfig:     config,
		TLSHandshakeTimeout: tlsTimeout,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: idlePerHost,
		IdleConnTimeout:     idleTimeout,
	}, nil
}

// proxyFunc returns which proxy a request goes through: the one configured, or what the
// environment says. Azure's metadata service is on the machine itself and is never
// reached through a configured proxy.
func proxyFunc(raw string) (func(*http.Request) (*url.URL, error), error) {
	if raw == "" {
		return http.ProxyFromEnvironment, nil
	}
	proxy, err := url.Parse(raw)
	if err != nil || proxy.Host == "" {
		return nil, errors.New("the proxy is no URL; give it as http://host:port")
	}
	switch proxy.Scheme {
	case "http", "https", "socks5", "socks5h":
	default:
		return nil, fmt.Errorf("the proxy's scheme %q is unknown; give it as http://host:port", proxy.Scheme)
	}
	return func(req *http.Request) (*url.URL, error) {
		if ip := net.ParseIP(req.URL.Hostname()); ip != nil && ip.IsLinkLocalUnicast() {
			return nil, nil
		}
		return proxy, nil
	}, nil
}

// loginTraceKey is the context's key of a *loginTrace.
type loginTraceKey struct{}

// loginTrace remembers why an authority could not be reached, which azidentity keeps
// only as text.
type loginTrace struct{ err error }

// loginTransport sends the requests of azidentity. It repeats those that an authority
// was too busy for or that broke, so that the waits are this package's.
type loginTransport struct {
	next  http.RoundTripper
	retry func() *retry
}

// Do sends one request. The answer's body is read already.
func (t *loginTransport) Do(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
	}
	ctx, patience := req.Context(), t.retry()
	for {
		resp, err := t.once(ctx, req, body)
		if ctx.Err() != nil {
			t.note(ctx, ctx.Err())
			return nil, ctx.Err()
		}
		var wait time.Duration
		var again bool
		switch {
		case err != nil:
			wait, again = patience.afterBreak(err)
		case busy(resp.StatusCode):
			wait, again = patience.afterBusy(resp.Header)
		}
		if !again {
			t.note(ctx, err)
			return resp, err
		}
		if err := patience.wait(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// note remembers why the last request of a sign-in broke; nil means that it didn't.
func (t *loginTransport) note(ctx context.Context, err error) {
	if trace, ok := ctx.Value(loginTraceKey{}).(*loginTrace); ok {
		trace.err = err
	}
}

// once sends a copy of req and reads the whole answer.
func (t *loginTransport) once(ctx context.Context, req *http.Request, body []byte) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	attempt := req.Clone(ctx)
	if body != nil {
		attempt.Body = io.NopCloser(bytes.NewReader(body))
		attempt.ContentLength = int64(len(body))
	}
	resp, err := t.next.RoundTrip(attempt)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxLoginReply))
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return resp, nil
}

package simulator

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options say what Start serves and where.
type Options struct {
	// Tenant is what is served; it must be set.
	Tenant *Tenant
	// Listen is the address to listen on; 127.0.0.1:0 when empty.
	Listen string
	// Now is the tenant's present; the time that it was loaded for when zero.
	Now time.Time
	// Throttle, if set, is the clock on which the documented limits of Microsoft's services
	// are enforced.
	Throttle func() time.Time
	// Plain answers are never compressed, so that a benchmark measures no decompression.
	Plain bool
	// Log gets a line a request at level debug; nothing is logged when nil.
	Log *slog.Logger
	// Before, if set, is called with each request before it is answered, by several
	// goroutines at a time.
	Before func(*http.Request)
}

// Server is a running simulator.
type Server struct {
	tenant *Tenant
	dir    atomic.Pointer[directory]
	now    time.Time
	plain  bool
	log    *slog.Logger
	before func(*http.Request)
	ca     *authority
	// throttle is nil where no limit is enforced.
	throttle *throttle
	// key signs the access tokens, so that only this server's are accepted.
	key    []byte
	url    string
	http   *http.Server
	stop   func() bool
	done   chan struct{}
	parcel func() (parcel, error)

	zippers  sync.Pool
	mu       sync.Mutex
	requests map[string]int
	faults   []*scripted
	writes   []Write
	changed  []changed
	epoch    int
}

// Start makes an authority and serves the tenant over HTTPS until Close is called or
// ctx ends. It fails when the address can't be listened on.
func Start(ctx context.Context, opts Options) (*Server, error) {
	if opts.Tenant == nil {
		return nil, errors.New("starting the simulator: no tenant given")
	}
	if opts.Listen == "" {
		opts.Listen = "127.0.0.1:0"
	}
	if opts.Now.IsZero() {
		opts.Now = opts.Tenant.now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Before == nil {
		opts.Before = func(*http.Request) {}
	}
	dir, err := opts.Tenant.directory()
	if err != nil {
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	s := &Server{
		tenant: opts.Tenant, now: opts.Now.UTC(), plain: opts.Plain, log: opts.Log, before: opts.Before,
		key: make([]byte, 32), done: make(chan struct{}),
		requests: map[string]int{},
	}
	for _, f := range opts.Tenant.doc.Faults {
		s.faults = append(s.faults, &scripted{Fault: f})
	}
	s.dir.Store(dir)
	if opts.Throttle != nil {
		s.throttle = newThrottle(opts.Throttle)
	}
	if _, err := rand.Read(s.key); err != nil {
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	if s.ca, err = newAuthority(); err != nil {
		return nil, err
	}
	s.parcel = sync.OnceValues(s.pack)
	s.zippers.New = newZipper
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", opts.Listen)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", opts.Listen, err)
	}
	if err := s.serve(listener, opts.Listen); err != nil {
		_ = listener.Close() // the first error says more
		return nil, err
	}
	s.stop = context.AfterFunc(ctx, func() { _ = s.http.Close() })
	return s, nil
}

// serve answers on the listener in the background until the HTTP server is closed.
func (s *Server) serve(listener net.Listener, listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", listen, err)
	}
	cert, err := s.ca.server(host)
	if err != nil {
		return err
	}
	address, _ := listener.Addr().(*net.TCPAddr)
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	s.url = "https://" + net.JoinHostPort(host, fmt.Sprint(address.Port))
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.handle),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	go func() {
		defer close(s.done)
		if err := s.http.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the simulator ended", "error", err)
		}
	}()
	return nil
}

// URL is the server's origin: https, host and port, with no slash at the end.
func (s *Server) URL() string { return s.url }

// CAPEM is the certificate of the server's authority, PEM encoded.
func (s *Server) CAPEM() []byte { return s.ca.pem() }

// Remediator is the client id of the application that may write, "" where there is none.
func (s *Server) Remediator() string { return s.tenant.doc.Remediator.ID }

// Requests counts the requests since the start, by method and canonical path, such as
// "GET /v1.0/users". The steps of a batch are counted besides the batch.
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// Close stops the server and waits until it has stopped.
func (s *Server) Close() error {
	s.stop()
	err := s.http.Close()
	<-s.done
	return err
}

func (s *Server) count(method, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[method+" "+path]++
}

// handle sends a request to the cloud that its path names.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	path := canonical(r.URL.Path)
	s.count(r.Method, path)
	s.before(r)
	id := requestID()
	w.Header().Set("request-id", id)
	if client := r.Header.Get("client-request-id"); client != "" {
		w.Header().Set("client-request-id", client)
	}
	c := &call{server: s, r: r, path: path, id: id, out: newReply(), dir: s.dir.Load()}
	switch {
	case strings.HasPrefix(path, "/v1.0/"), strings.HasPrefix(path, "/beta/"):
		c.graph()
	case strings.HasPrefix(path, "/xdr/"):
		c.xdr()
	case strings.HasPrefix(path, "/mde/"):
		c.mde()
	case strings.HasPrefix(path, "/arm/"):
		c.arm()
	default:
		c.login()
	}
	if c.out.cut {
		panic(http.ErrAbortHandler) // ends the connection without an answer
	}
	if s.plain {
		r.Header.Del("Accept-Encoding")
	}
	if err := c.out.send(w, r, &s.zippers); err != nil {
		s.log.Debug("sending an answer", "path", path, "error", err)
	}
	s.log.Debug("answered", "method", r.Method, "path", path, "status", c.out.status)
}

// canonical gives the paths of Defender's APIs and Azure that stand at the root the
// prefix under which they stand as well.
func canonical(path string) string {
	switch {
	case strings.HasPrefix(path, "/api/machine"):
		return "/mde" + path
	case strings.HasPrefix(path, "/api/"):
		return "/xdr" + path
	case path == "/subscriptions", strings.HasPrefix(path, "/subscriptions/"), strings.HasPrefix(path, "/providers/"):
		return "/arm" + path
	default:
		return path
	}
}

// requestID is a random UUID (version 4).
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

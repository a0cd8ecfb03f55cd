// Package web serves the dashboard and its API: how every tenant stands, what changed since
// the scan before, and what to do about it.
//
// The history, and an Engine that runs the scans, go in; pages that need no script and JSON
// come out. The package judges nothing and keeps nothing but who is signed in. Whatever
// comes from a tenant is hostile until reports has made it visible text.
package web

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/reports"
)

// Engine is what runs the scans.
type Engine interface {
	Tenants(ctx context.Context) ([]fleet.Tenant, error)
	Jobs(ctx context.Context, query fleet.Query) ([]fleet.Job, error)
	// Due is when a tenant was to be scanned first after a time, by its name; zero without a schedule.
	Due(tenant string, after time.Time) time.Time
	Job(ctx context.Context, id int64) (fleet.Job, error)
	Log(ctx context.Context, id int64) ([]fleet.LogLine, error)
	// Start asks for a scan of a tenant, by its name.
	Start(ctx context.Context, tenant, by string) (fleet.Job, error)
	// Upload verifies, judges and records a packed bundle.
	Upload(ctx context.Context, packed io.Reader, by string) (history.Scan, error)
	// Evidence is the folder of the bundle that a scan judged, empty where it isn't kept.
	Evidence(ctx context.Context, scan history.Scan) (string, error)
}

// Approver signs what people approve.
type Approver interface {
	// Refuses says why no plan can be approved here; nil where they can.
	Refuses() error
	// Approve approves the plan in a file's text. An error is for the person who approves.
	Approve(path string, text []byte, approval Approval) error
	// Approval is how the plan in a file's text was approved, nil where it wasn't. An error says
	// why the approval that lies beside it doesn't count.
	Approval(path string, text []byte) (*Approval, error)
}

// Approval is who approved a plan, when and why.
type Approval struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// Access says who may do what, as a configuration that is read anew may change it.
type Access struct {
	// Config is the checked configuration, and Secret that of the client at the provider.
	Config   config.Dashboard
	Secret   string
	Approver Approver
}

// Options are what a Server serves.
type Options struct {
	Access
	Store  *history.Store
	Engine Engine
	// Plans is the folder that plans wait in for the Approver.
	Plans   string
	Formats []reports.Format
	// Metrics are what machines that may read are told of the process; nil for nothing.
	Metrics http.Handler
	// Version is the program's.
	Version string
	Now     func() time.Time
	Log     *slog.Logger
	// Client speaks to the provider; nil for http.DefaultClient.
	Client *http.Client
}

// Server is the dashboard and its API.
type Server struct {
	Options
	pages    *pages
	origins  *http.CrossOriginProtection
	signIn   *signIn // nil where nobody signs in
	sessions *sessions
	limits   *limits
	uploads  chan struct{}
	renders  chan struct{}
	memory   *memory
	read     *plansRead // under these rules of access, by which approvals count
}

// memory is what was read once and doesn't change, and what one request does at a time.
type memory struct {
	approving  sync.Mutex
	mu         sync.Mutex
	catalogues map[string]catalogue // rules by the digest of the policies
	statements map[int64]statements // attestations by scan
}

// maxUploads is how many bundles are taken in at the same time.
const maxUploads = 2

// maxRenders is how many results are written in a format at the same time, each of which may
// take some hundred megabytes of memory; others wait.
const maxRenders = 2

// New makes a server.
func New(o Options) (*Server, error) {
	pages, err := newPages(o.Now, o.Version)
	if err != nil {
		return nil, fmt.Errorf("making the dashboard: %w", err)
	}
	s := &Server{
		Options: o, pages: pages, limits: newLimits(o.Now), uploads: make(chan struct{}, maxUploads), renders: make(chan struct{}, maxRenders),
		memory: &memory{catalogues: map[string]catalogue{}, statements: map[int64]statements{}},
	}
	return s.With(o.Access)
}

// With is the same dashboard under other rules of access. Whoever is signed in stays so,
// unless who may sign in is said anew: then everybody signs in again.
func (s *Server) With(access Access) (*Server, error) {
	next := *s
	next.Access, next.origins, next.signIn, next.sessions, next.read = access, http.NewCrossOriginProtection(), nil, nil, new(plansRead)
	if public := access.Config.PublicURL; public != "" {
		if err := next.origins.AddTrustedOrigin(trimSlash(public)); err != nil {
			return nil, fmt.Errorf("making the dashboard: %w", err)
		}
	}
	if to := access.Config.SignIn; to != nil {
		next.signIn = newSignIn(next.Options)
		if next.sessions = s.sessions; s.sessions == nil || !reflect.DeepEqual(s.Config.SignIn, to) {
			next.sessions = newSessions(s.Now, time.Duration(to.Idle), time.Duration(to.Longest))
		}
	}
	return &next, nil
}

// Handler serves every page and the API.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, route := range s.routes() {
		mux.Handle(route.method+" "+route.path, s.guard(route))
	}
	mux.Handle("/", s.guard(route{role: nobody, handle: func(w http.ResponseWriter, r *http.Request, _ visitor) error { return notServed(mux, w, r) }}))
	return s.protect(mux)
}

// route is one thing that is served.
type route struct {
	method, path string
	// role is the least that a visitor must have.
	role   role
	handle handler
	// body is the greatest number of bytes that are taken.
	body int64
}

// handler answers a request of a visitor. An error is answered as its status says.
type handler func(w http.ResponseWriter, r *http.Request, who visitor) error

// The greatest sizes of what is sent: a form, and a packed bundle.
const (
	maxForm   = 64 << 10
	maxUpload = 2 << 30
)

// routes lists what is served, the pages first.
func (s *Server) routes() []route {
	get, post := http.MethodGet, http.MethodPost
	routes := []route{
		{get, "/{$}", reader, s.overview, 0},
		{get, "/tenants/{tenant}", reader, s.tenant, 0},
		{post, "/tenants/{tenant}/scan", operator, s.scanNow, maxForm},
		{get, "/tenants/{tenant}/findings/{fingerprint}", reader, s.finding, 0},
		{get, "/rules", reader, s.rules, 0},
		{get, "/rules/{rule}", reader, s.rule, 0},
		{get, "/waivers", reader, s.waivers, 0},
		{get, "/jobs", reader, s.jobs, 0},
		{get, "/jobs/{job}", reader, s.job, 0},
		{get, "/plans", reader, s.plans, 0},
		{get, "/plans/{plan}", reader, s.plan, 0},
		{get, "/plans/{plan}/page", reader, s.planPage, 0},
		{post, "/plans/{plan}/approve", approver, s.approve, maxForm},
		{get, "/scans/{scan}/report", reader, s.report, 0},
		{get, "/scans/{scan}/files/{format}", reader, s.download, 0},
	}
	if s.signIn != nil {
		routes = append(routes,
			route{get, "/sign-in", nobody, s.signInPage, 0},
			route{get, "/sign-in/start", nobody, s.signInStart, 0},
			route{get, callbackPath, nobody, s.signInEnd, 0},
			route{post, "/sign-out", nobody, s.signOut, maxForm},
			route{get, "/signed-out", nobody, s.signedOut, 0},
		)
	}
	if s.Metrics != nil {
		routes = append(routes, route{get, "/metrics", reader, func(w http.ResponseWriter, r *http.Request, _ visitor) error {
			s.Metrics.ServeHTTP(w, r)
			return nil
		}, 0})
	}
	for _, api := range s.api() {
		api.path = apiRoot + api.path
		routes = append(routes, api)
	}
	return routes
}

// Package alerts tells people what scans find: one digest for each run of a tenant, of what
// changed since the digest before, and nothing twice.
//
// The history and the jobs of a fleet go in, and messages through shoutrrr come out. What is told
// follows from how the tenants stand and from what was told already, both of which the database
// keeps: a process that ends between a scan, its digest and its sending loses none of them. A
// digest is sent at least once, and has a key by which its receiver knows it again.
package alerts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/database"
	"github.com/domicile-audit/domicile/internal/fleet"
)

// Fleet is what runs the scans.
type Fleet interface {
	Tenants(ctx context.Context) ([]fleet.Tenant, error)
	Ended(ctx context.Context) (map[string]fleet.Job, error)
	Evidence(ctx context.Context, scan history.Scan) (string, error)
}

// Options are what alerts go by.
type Options struct {
	Store  *history.Store
	Fleet  Fleet
	Getenv func(string) string
	Now    func() time.Time
	Log    *slog.Logger
	// Every is how often the tenants are looked at; 10 seconds where it is zero.
	Every time.Duration
	// Pause is how long a digest waits that couldn't be sent, a minute where it is zero, and twice
	// as long each time.
	Pause time.Duration
}

// Alerts are the alerts of a configuration.
type Alerts struct {
	Options
	store store
	setup atomic.Pointer[setup]
	// terms are those of the attestations of a scan that were read already.
	mu    sync.Mutex
	terms map[int64][]Expiry
	lost  atomic.Int64
}

// setup is what is made of a configuration once.
type setup struct {
	alerts []prepared
	public string
}

// prepared is an alert with its address and its template.
type prepared struct {
	config.Alert
	receiver *Receiver
	template *Template
}

// Check says what is wrong with the alerts of a configuration that its file alone doesn't show:
// an address that isn't there or isn't one, and a template that says nothing.
func Check(cfg *config.Config, getenv func(string) string) error {
	_, err := prepare(cfg, getenv)
	return err
}

func prepare(cfg *config.Config, getenv func(string) string) (*setup, error) {
	s := &setup{public: strings.TrimRight(cfg.Serve.PublicURL, "/")}
	var errs []error
	for _, alert := range cfg.Serve.Alerts {
		one := prepared{Alert: alert}
		address, err := cfg.AlertURL(alert, getenv)
		if err == nil {
			if one.receiver, err = NewReceiver(address); err != nil {
				err = fmt.Errorf("the address of alert %s: %w", alert.Name, err)
			}
		}
		errs = append(errs, err)
		if one.template, err = ReadTemplate(cfg, alert); err != nil {
			errs = append(errs, err)
		}
		s.alerts = append(s.alerts, one)
	}
	return s, errors.Join(errs...)
}

// ReadTemplate reads the template of an alert, and tries it.
func ReadTemplate(cfg *config.Config, alert config.Alert) (*Template, error) {
	text, err := cfg.AlertTemplate(alert)
	if err != nil {
		return nil, err
	}
	template, err := NewTemplate(text)
	if err != nil {
		return nil, fmt.Errorf("the template of alert %s: %w", alert.Name, err)
	}
	return template, nil
}

// New prepares the alerts of a configuration.
func New(ctx context.Context, cfg *config.Config, o Options) (*Alerts, error) {
	if o.Every == 0 {
		o.Every = 10 * time.Second
	}
	if o.Pause == 0 {
		o.Pause = time.Minute
	}
	a := &Alerts{Options: o, store: store{o.Store.Database()}, terms: map[int64][]Expiry{}}
	if err := a.Use(cfg); err != nil {
		return nil, err
	}
	return a, a.store.db.Migrate(ctx, database.Migrations{Table: "alerts_migrations", Files: migrations}, true)
}

// Use goes by another configuration from now on, unless it is wrong.
func (a *Alerts) Use(cfg *config.Config) error {
	next, err := prepare(cfg, a.Getenv)
	if err == nil {
		a.setup.Store(next)
	}
	return err
}

// Run tells of what scans find until the context ends.
func (a *Alerts) Run(ctx context.Context) error {
	var sending sync.WaitGroup
	sending.Go(func() { a.repeat(ctx, "sending digests", a.deliver) })
	a.repeat(ctx, "looking at the tenants for alerts", a.look)
	sending.Wait()
	return nil
}

// repeat does something again and again. What goes wrong is told and tried again.
func (a *Alerts) repeat(ctx context.Context, what string, do func(context.Context) error) {
	tick := time.NewTicker(a.Every)
	defer tick.Stop()
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			a.Log.Error(what, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Waiting counts the digests that aren't sent yet, by alert of the configuration.
func (a *Alerts) Waiting(ctx context.Context) (map[string]int, error) {
	all, err := a.store.waiting(ctx)
	counts := map[string]int{}
	for _, alert := range a.setup.Load().alerts {
		counts[alert.Name] = all[alert.Name]
	}
	return counts, err
}

// Lost is how many digests this process gave up.
func (a *Alerts) Lost() int64 { return a.lost.Load() }

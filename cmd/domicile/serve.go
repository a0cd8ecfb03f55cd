package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"
	"time"
	_ "time/tzdata" // schedules have time zones, and a small container has no table of them

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/metrics"
	"github.com/domicile-audit/domicile/internal/web"
)

// serving are the flags of serve.
type serving struct {
	config, data, listen, role string
	demo                       bool
	drain                      time.Duration
}

// The roles of a process: one that serves pages too, and one that only scans.
const (
	roleAll    = "all"
	roleWorker = "worker"
)

func newServe(a *app) *cobra.Command {
	var s serving
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Scan tenants on schedules, and show what was found in pages",
		Long: `serve scans the tenants of the configuration by its schedules (serve.schedules), records
every result in the history, and shows what it found in the browser, on
http://127.0.0.1:8080. The data folder holds the database, unless the configuration names
another one, and the evidence.

Any number of processes may share one PostgreSQL database: each scans, one of them plans,
and another takes over from one that ends. With --role worker a process only scans: the others
serve pages and send alerts (serve.alerts; domicile alerts tries them).

SIGTERM, or an interruption, ends it: no further scan is begun, and those that are running
have the time that --drain says before they are interrupted; another process, or the next
one, goes on with them. A second signal ends it at once. SIGHUP has it read the
configuration anew; one that is wrong is refused, and the one before goes on.

It answers /metrics for Prometheus, and sends traces of its scans to the OpenTelemetry
collector that the variable OTEL_EXPORTER_OTLP_ENDPOINT names, if it does.`,
		Example: `  domicile serve --demo
  domicile serve --config domicile.yaml --data /var/lib/domicile
  domicile serve --config domicile.yaml --data /var/lib/domicile --role worker`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.role != roleAll && s.role != roleWorker {
				return usage(fmt.Errorf("--role %q is not %s or %s", s.role, roleAll, roleWorker))
			}
			if s.drain < 0 {
				return usage(fmt.Errorf("--drain %s is less than nothing", s.drain))
			}
			if s.role == roleWorker && !cmd.Flags().Changed("listen") {
				s.listen = ""
			}
			if s.demo && !cmd.Flags().Changed("data") {
				s.data = ""
			}
			err := a.serve(cmd.Context(), s)
			if errors.Is(err, context.Canceled) && cmd.Context().Err() != nil {
				err = nil // it was told to end before there was anything to end
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&s.config, "config", "", "configuration to read (default "+config.FileName+")")
	flags.StringVar(&s.data, "data", "data", "folder of the database and the evidence; with --demo a temporary one unless it is named")
	flags.StringVar(&s.listen, "listen", "127.0.0.1:8080", "address to listen on; empty for none, as a worker has unless one is named")
	flags.StringVar(&s.role, "role", roleAll, "what the process does: "+roleAll+", or "+roleWorker+" to only scan")
	flags.BoolVar(&s.demo, "demo", false, "scan simulated tenants on this machine; needs no account")
	flags.DurationVar(&s.drain, "drain", 5*time.Minute, "how long scans that are running have when the program is to end")
	offer(cmd, "role", roleAll, roleWorker)
	cmd.AddCommand(newServeToken(a))
	return cmd
}

func (a *app) serve(ctx context.Context, s serving) (err error) {
	// From the beginning to the end: where nobody listens, a SIGHUP ends the process.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	load, done, err := a.loader(ctx, &s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if s.role == roleAll {
		load = a.withAlerts(load)
	}
	cfg, err := load()
	if err != nil {
		return usage(err)
	}
	listener, err := s.bind(ctx, cfg)
	if err != nil {
		return err
	}
	var admits admission
	if listener != nil {
		defer listener.Close()
		if admits, err = a.admission(cfg, s.role); err != nil {
			return usage(err)
		}
	}
	defer debug.SetGCPercent(debug.SetGCPercent(collectGC))
	log := a.serveLog()
	numbers, watchers, sent, err := a.watch(ctx, log)
	if err != nil {
		return err
	}
	defer sent()
	f, err := fleet.Open(ctx, fleet.Options{Data: s.data, Load: load, Tool: a.tool(), Drain: s.drain, Watchers: watchers, Now: a.Now, Getenv: a.Getenv, Log: log})
	if err != nil {
		return usage(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if s.demo {
		if err := startAll(ctx, f); err != nil {
			return err
		}
	}
	log.Info("started", "role", s.role, "data", s.data, "tenants", len(cfg.Tenants))
	if n := unplanned(cfg); n > 0 {
		log.Warn("no schedule (serve.schedules) has these tenants: they are scanned when somebody asks for it", "tenants", n, "of", len(cfg.Tenants))
	}
	also := func(*config.Config) error { return nil }
	group, ctx := errgroup.WithContext(ctx)
	if s.role == roleAll {
		told, err := a.alerts(ctx, cfg, f, log)
		if err != nil {
			return err
		}
		also = told.Use
		numbers.Standing(metrics.Sources{Fleet: f, History: f.History(), Alerts: told, Log: log})
		group.Go(func() error { return told.Run(ctx) })
	}
	if listener != nil {
		pages, err := newPages(s, admits, f, web.Options{Metrics: numbers.Handler(log), Now: a.Now, Log: log})
		if err != nil {
			return err
		}
		also = pages.reload(a, also)
		log.Info("listening", "url", cmp.Or(cfg.Serve.PublicURL, schemeOf(cfg)+"://"+listener.Addr().String()))
		group.Go(func() error { return serveHTTP(ctx, listener, pages, log) })
	}
	group.Go(func() error { return f.Run(ctx) })
	group.Go(func() error {
		rereadOnHangup(ctx, hangups, func() error { return f.Reload(ctx, also) }, log)
		return nil
	})
	tell := func(state string) {
		if err := a.notify(context.WithoutCancel(ctx), state); err != nil {
			log.Warn("telling the service manager", "error", err)
		}
	}
	tell(nowServing)
	group.Go(func() error {
		<-ctx.Done()
		tell(nowEnding)
		return nil
	})
	if err := group.Wait(); err != nil {
		return err
	}
	log.Info("ended")
	return nil
}

// serveLog is the log of a program that runs on: what it does, line by line.
func (a *app) serveLog() *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if a.quiet {
		options.Level = slog.LevelWarn
	}
	if a.logForm == "json" {
		// A length of time is written as people write it, and not as a number of nanoseconds.
		options.ReplaceAttr = func(_ []string, attr slog.Attr) slog.Attr {
			if attr.Value.Kind() == slog.KindDuration {
				attr.Value = slog.StringValue(attr.Value.Duration().String())
			}
			return attr
		}
		return slog.New(slog.NewJSONHandler(a.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(a.Stderr, options))
}

// loader reads the configuration, from its file or of simulated tenants, which done ends.
func (a *app) loader(ctx context.Context, s *serving) (load func() (*config.Config, error), done func() error, err error) {
	if !s.demo {
		file := s.config
		if file == "" {
			file = config.FileName
		}
		return func() (*config.Config, error) { return config.Read(file) }, func() error { return nil }, nil
	}
	if s.config != "" {
		return nil, nil, usage(errors.New("--demo brings its own configuration; leave --config out"))
	}
	var closers []func() error
	done = func() (err error) {
		for _, one := range closers {
			err = errors.Join(err, one())
		}
		return err
	}
	demo := &config.Config{File: config.FileName, Version: 1, Serve: config.Serve{
		Jitter: config.Duration(time.Minute), Schedules: []config.Schedule{{Cron: "*/5 * * * *"}},
	}}
	for _, name := range []string{"good", "weak", "partial"} {
		// They are there until the last scan has ended.
		opened, err := a.openDemo(context.WithoutCancel(ctx), targeting{tenant: name}, a.Now)
		if err != nil {
			return nil, nil, errors.Join(err, done())
		}
		closers = append(closers, opened.close)
		tenant := *opened.tenants[0]
		tenant.Profile, tenant.Params = opened.config.Settings(&tenant)
		tenant.Waivers = opened.config.WaiversPath(&tenant)
		demo.Tenants = append(demo.Tenants, tenant)
	}
	if s.data == "" {
		if s.data, err = os.MkdirTemp("", "domicile-serve-"); err != nil {
			return nil, nil, errors.Join(err, done())
		}
		closers = append(closers, func() error { return os.RemoveAll(s.data) })
	}
	return func() (*config.Config, error) { return demo, nil }, done, nil
}

// unplanned counts the tenants that no schedule has.
func unplanned(cfg *config.Config) int {
	n := 0
	for _, tenant := range cfg.Tenants {
		if !slices.ContainsFunc(cfg.Serve.Schedules, func(s config.Schedule) bool { return s.Covers(tenant) }) {
			n++
		}
	}
	return n
}

// startAll has every tenant scanned now.
func startAll(ctx context.Context, f *fleet.Fleet) error {
	tenants, err := f.Tenants(ctx)
	if err != nil {
		return err
	}
	for _, tenant := range tenants {
		if _, err := f.Start(ctx, tenant.Name, "demo"); err != nil && !errors.Is(err, fleet.ErrUnderWay) {
			return err
		}
	}
	return nil
}

// bind opens the address to listen on; nil for none. What tenants are like is shown to other
// machines only where people sign in.
func (s serving) bind(ctx context.Context, cfg *config.Config) (net.Listener, error) {
	if s.listen == "" {
		return nil, nil //nolint:nilnil // nothing is listened on
	}
	if _, _, err := net.SplitHostPort(s.listen); err != nil {
		return nil, usage(fmt.Errorf("--listen %q: %w", s.listen, err))
	}
	if err := cfg.Serve.CheckListen(s.listen); s.role == roleAll && err != nil {
		return nil, usage(fmt.Errorf("--listen %w", err))
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.listen)
	if err != nil {
		return nil, usage(fmt.Errorf("%w; name a free address with --listen, such as 127.0.0.1:8081", err))
	}
	return listener, nil
}

// rereadOnHangup has the configuration read anew at each SIGHUP until the context ends.
func rereadOnHangup(ctx context.Context, hangups <-chan os.Signal, reload func() error, log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
		}
		if err := reload(); err != nil {
			log.Error("the configuration is refused, and the one before goes on", "error", err)
			continue
		}
		log.Info("the configuration was read anew")
	}
}

// serveHTTP answers requests until the context ends.
func serveHTTP(ctx context.Context, listener net.Listener, pages *pages, log *slog.Logger) error {
	server := &http.Server{
		Handler: pages, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), MaxHeaderBytes: 64 << 10,
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
	}
	ended := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		ended <- server.Shutdown(within)
	})
	defer stop()
	var err error
	if pages.secure() {
		server.TLSConfig = &tls.Config{GetCertificate: pages.certificate, MinVersion: tls.VersionTLS12}
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}

// schemeOf is the scheme of the address that the process listens on.
func schemeOf(cfg *config.Config) string {
	if cfg.Serve.TLS != nil {
		return "https"
	}
	return "http"
}

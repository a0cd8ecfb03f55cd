package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/web"
	"github.com/domicile-audit/domicile/reports"
)

// plansFolder is the folder of the plans that wait for approval, in the data folder.
const plansFolder = "plans"

// admission says who may see what is served, and how it is proved what serves it: all of the
// configuration's files and variables that stand for that.
type admission struct {
	web.Access
	certificate *tls.Certificate // nil where TLS isn't spoken
}

func (a *app) admission(cfg *config.Config, role string) (out admission, err error) {
	if files := cfg.Serve.TLS; files != nil {
		pair, err := tls.LoadX509KeyPair(cfg.Path(files.CertFile), cfg.Path(files.KeyFile))
		if err != nil {
			return out, fmt.Errorf("serve.tls: %w", err)
		}
		out.certificate = &pair
	}
	if role == roleWorker {
		return out, nil
	}
	out.Config = cfg.Serve.Dashboard
	if out.Config.SignIn != nil {
		if out.Secret, err = cfg.SignInSecret(out.Config.SignIn, a.Getenv); err != nil {
			return out, err
		}
	}
	out.Approver, err = a.planApprover(cfg)
	return out, err
}

// pages are what is served: the dashboard with its API, unless the process is a worker, what it
// does in numbers, and whether it lives and is ready to scan.
type pages struct {
	*http.ServeMux
	serving serving
	current atomic.Pointer[current]
}

// current is what a configuration that is read anew may change. A request that is being
// answered ends by the one that it began with.
type current struct {
	dashboard   *web.Server // nil on a worker
	handler     http.Handler
	certificate *tls.Certificate
}

func newPages(s serving, first admission, f *fleet.Fleet, o web.Options) (*pages, error) {
	mux := http.NewServeMux()
	p := &pages{ServeMux: mux, serving: s}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		if err := f.Ready(ctx); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	})
	if s.role == roleWorker {
		mux.Handle("GET /metrics", o.Metrics) // they name no tenant
		p.current.Store(&current{certificate: first.certificate})
		return p, nil
	}
	plans := filepath.Join(s.data, plansFolder)
	if err := os.MkdirAll(plans, 0o700); err != nil {
		return nil, usage(fmt.Errorf("creating the folder of plans: %w", err))
	}
	o.Access, o.Store, o.Engine, o.Plans, o.Formats, o.Version = first.Access, f.History(), f, plans, reports.Formats(), version
	dashboard, err := web.New(o)
	if err != nil {
		return nil, err
	}
	p.current.Store(&current{dashboard, dashboard.Handler(), first.certificate})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { p.current.Load().handler.ServeHTTP(w, r) })
	return p, nil
}

// secure says whether TLS is spoken.
func (p *pages) secure() bool { return p.current.Load().certificate != nil }

// certificate is the one that was read last.
func (p *pages) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return p.current.Load().certificate, nil
}

// reload has the pages follow a configuration that is read anew, once also follows it.
func (p *pages) reload(a *app, also func(*config.Config) error) func(*config.Config) error {
	return func(cfg *config.Config) error {
		if (cfg.Serve.TLS != nil) != p.secure() {
			return errors.New("serve.tls begins and ends with a new start only")
		}
		if err := cfg.Serve.CheckListen(p.serving.listen); p.serving.role != roleWorker && err != nil {
			return fmt.Errorf("--listen %w", err)
		}
		next, err := a.admission(cfg, p.serving.role)
		if err != nil {
			return err
		}
		then := current{certificate: next.certificate}
		if before := p.current.Load().dashboard; before != nil {
			if then.dashboard, err = before.With(next.Access); err != nil {
				return err
			}
			then.handler = then.dashboard.Handler()
		}
		if err := also(cfg); err != nil {
			return err
		}
		p.current.Store(&then)
		return nil
	}
}

func newServeToken(a *app) *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use:   "token NAME",
		Short: "Make a token for a machine that uses the API",
		Long: `token writes a new token to standard output, once: keep it where the machine keeps its
secrets. It shows what to write into the configuration, which has the token's digest alone.`,
		Example: `  domicile serve token ci --role operator >ci.token`,
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			token := "domicile_" + rand.Text() + rand.Text()
			entry := config.Token{Name: args[0], SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(token))), Role: role}
			if err := entry.Check(); err != nil {
				return usage(err)
			}
			if _, err := fmt.Fprintln(a.Stdout, token); err != nil {
				return err
			}
			fmt.Fprintf(a.Stderr, "add to the configuration, and send serve a SIGHUP, or start it again:\n\nserve:\n  tokens:\n    - {name: %s, sha256: %s, role: %s}\n", entry.Name, entry.SHA256, entry.Role)
			return nil
		},
	}
	cmd.Flags().StringVar(&role, "role", "reader", "what the machine may do: reader sees everything, operator starts scans and uploads bundles too")
	offer(cmd, "role", "reader", "operator")
	return cmd
}

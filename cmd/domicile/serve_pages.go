package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/web"
	"github.com/domicile-audit/domicile/reports"
)

// plansFolder is the folder of the plans that wait for approval, in the data folder.
const plansFolder = "plans"

// pages are what is served: the dashboard with its API, unless the process is a worker, what it
// does in numbers, and whether it lives and is ready to scan.
func (a *app) pages(s serving, cfg *config.Config, f *fleet.Fleet, o web.Options) (http.Handler, error) {
	mux := http.NewServeMux()
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
		return mux, nil
	}
	approver, err := a.planApprover(cfg)
	if err != nil {
		return nil, err
	}
	o.Store, o.Engine, o.Approver, o.Plans, o.Formats = f.History(), f, approver, filepath.Join(s.data, plansFolder), reports.Formats()
	o.Config, o.Version, o.Now = cfg.Serve.Dashboard, version, a.Now
	dashboard, err := web.New(o)
	if err != nil {
		return nil, err
	}
	mux.Handle("/", dashboard.Handler())
	return mux, nil
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
			fmt.Fprintf(a.Stderr, "add to the configuration, and start serve again:\n\nserve:\n  tokens:\n    - {name: %s, sha256: %s, role: %s}\n", entry.Name, entry.SHA256, entry.Role)
			return nil
		},
	}
	cmd.Flags().StringVar(&role, "role", "reader", "what the machine may do: reader sees everything, operator starts scans and uploads bundles too")
	offer(cmd, "role", "reader", "operator")
	return cmd
}

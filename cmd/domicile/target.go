package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/simulator"
	"github.com/domicile-audit/domicile/reports"
)

// targeting are the flags that say which tenant is read.
type targeting struct {
	config   string
	tenant   string
	demo     bool
	now      string
	imports  []string
	cloud    string
	previous string
	maxWait  time.Duration
	resume   bool
	since    string
	proof    signatures

	pseudonymising pseudonymising
}

func (t *targeting) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&t.config, "config", "", "configuration to read (default "+config.FileName+")")
	flags.StringVar(&t.tenant, "tenant", "", "tenant of the configuration, by name or id; with --demo one of "+strings.Join(simulator.Names(), ", ")+" (default weak)")
	flags.BoolVar(&t.demo, "demo", false, "read a simulated tenant on this machine; needs no account")
	flags.StringVar(&t.now, "now", "", "the time to take for now, with --demo or a custom cloud")
	flags.StringVar(&t.previous, "previous", "", "result.json of an earlier scan to compare with, as some rules do; or the bundle before this one, a folder or a packed one, which the manifest then names; with scan --record, history for the newest that is recorded")
	flags.StringVar(&t.cloud, "cloud", "", "cloud of imported files that don't say it: "+strings.Join(config.Clouds(), ", "))
	flags.StringArrayVar(&t.imports, "import", nil, "file to import, repeatable; alone without --config and --tenant, else besides those of the configuration")
	flags.DurationVar(&t.maxWait, "max-wait", 10*time.Minute, "give up on a request that a service throttles for longer")
}

// addBundle adds the flags of the commands that write a bundle.
func (t *targeting) addBundle(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.since, "since", "", "earlier bundle of the tenant, a folder or a packed one: read only what has changed since, where the service tells; without a bundle there, read everything")
	t.pseudonymising.add(cmd)
	cmd.Flags().BoolVar(&t.resume, "resume", false, "go on with a collection that was interrupted less than a day ago; without one, just collect")
}

var errNoConfig = errors.New("--tenant names a tenant of a configuration; name the configuration with --config")

// target is where evidence comes from: a configuration with its tenants, or files alone.
type target struct {
	config *config.Config
	// tenants are those to read; empty where only files are imported.
	tenants []*config.Tenant
	// refused says that tenants of the configuration are left out, once the others are done.
	refused error
	now     func() time.Time
	close   func() error
}

// open reads the configuration, or starts the simulated tenant that stands in for one.
func (a *app) open(ctx context.Context, t targeting) (*target, error) {
	now, err := a.clock(t.now)
	if err != nil {
		return nil, err
	}
	if t.maxWait < 0 {
		return nil, usage(fmt.Errorf("--max-wait %s is less than nothing", t.maxWait))
	}
	if t.demo {
		return a.openDemo(ctx, t, now)
	}
	opened := &target{now: now, close: func() error { return nil }}
	if t.cloud != "" && !slices.Contains(config.Clouds(), t.cloud) {
		return nil, usage(fmt.Errorf("--cloud %q is not one of %s", t.cloud, strings.Join(config.Clouds(), ", ")))
	}
	if t.config == "" && t.tenant == "" && len(t.imports) > 0 {
		if _, err := os.Stat(config.FileName); err == nil {
			a.say("importing files alone; --config %s would read its tenant and parameters too", config.FileName)
		}
		return opened, nil // the files say which tenant they are of
	}
	if t.config == "" {
		t.config = config.FileName
	}
	if opened.config, err = config.Read(t.config); err != nil {
		return nil, usage(err)
	}
	if opened.tenants, err = chosen(opened.config, t.tenant); err != nil {
		return nil, usage(err)
	}
	if err := opened.config.Refusal(maxRefusals); err != nil && t.tenant == "" {
		fmt.Fprintf(a.Stderr, "domicile: these tenants are left out:\n%s\n", visible(err))
		opened.refused = &exitError{code: exitUsage}
	}
	for _, tenant := range opened.tenants {
		if t.now != "" && tenant.Cloud != config.Custom {
			return nil, usage(fmt.Errorf("--now is for --demo and custom clouds: the time of a real tenant's evidence is the time it is read (tenant %s)", tenant.Name))
		}
	}
	return opened, nil
}

// chosen are the tenants that a name stands for: all of them for none.
func chosen(cfg *config.Config, name string) ([]*config.Tenant, error) {
	if name == "" && (len(cfg.Tenants) > 1 || len(cfg.Refused) > 0 && len(cfg.Tenants) > 0) {
		var all []*config.Tenant
		for i := range cfg.Tenants {
			all = append(all, &cfg.Tenants[i])
		}
		return all, nil
	}
	tenant, err := cfg.Tenant(name)
	if err != nil {
		return nil, err
	}
	return []*config.Tenant{tenant}, nil
}

// openDemo starts a simulated tenant on loopback, writes a configuration for it as an
// operator would, and reads that: from here on nothing tells it from a real one.
func (a *app) openDemo(ctx context.Context, t targeting, now func() time.Time) (*target, error) {
	if t.config != "" {
		return nil, usage(errors.New("--demo brings its own configuration; leave --config out"))
	}
	if t.tenant == "" {
		t.tenant = "weak"
	}
	server, err := startSimulator(ctx, t.tenant, "", nil, now())
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "domicile-demo-")
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	opened := &target{now: now, close: func() error { return errors.Join(server.Close(), os.RemoveAll(dir)) }}
	err = server.WriteConfig(dir)
	if err == nil {
		opened.config, err = config.Read(filepath.Join(dir, config.FileName))
	}
	if err == nil {
		opened.tenants, err = chosen(opened.config, "")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("preparing the simulated tenant %s: %w", t.tenant, err), opened.close())
	}
	return opened, nil
}

// startSimulator serves one of the simulated tenants; listen and counts may be empty.
func startSimulator(ctx context.Context, name, listen string, counts map[string]int, now time.Time) (*simulator.Server, error) {
	tenant, err := simulator.Load(domicile.Tenants(), name, now)
	if err != nil {
		return nil, usage(err)
	}
	if err := simulator.Generate(tenant, counts); err != nil {
		return nil, usage(err)
	}
	server, err := simulator.Start(ctx, simulator.Options{Tenant: tenant, Listen: listen, Now: now})
	if err != nil && listen != "" {
		return nil, usage(fmt.Errorf("%w; name a free address with --listen, such as 127.0.0.1:8443", err))
	}
	return server, err
}

// collection says how one tenant of the target is read; a nil tenant means files alone.
func (a *app) collection(t targeting, from *target, tenant *config.Tenant, kinds []string) (scan.Collection, error) {
	trust, err := t.proof.trust(from.config)
	if err != nil {
		return scan.Collection{}, err
	}
	key, err := t.proof.SigningKey(from.config, trust, a.Getenv)
	if err != nil {
		return scan.Collection{}, usage(err)
	}
	pseudonyms, err := t.pseudonymising.asked(from.config, tenant, a.Getenv)
	if err != nil {
		return scan.Collection{}, err
	}
	progress := newProgress(a)
	return scan.Collection{
		Key: key, Trust: trust, Require: t.proof.Required, Pseudonyms: pseudonyms,
		Tenant: tenant, Imports: t.imports, Cloud: t.cloud, Previous: t.previous, Kinds: kinds, MaxWait: t.maxWait, Resume: t.resume, Since: t.since,
		Tool: "domicile " + version, Now: from.now, Getenv: a.Getenv,
		Prompt: a.Stderr, Log: a.logger(), Progress: progress.show,
		Notice: func(text string) { a.say("%s", reports.Visible(text)) },
	}, nil
}

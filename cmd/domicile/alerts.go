package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/internal/alerts"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/scan"
)

// alerting are the flags of alerts.
type alerting struct{ config, name string }

func newAlerts(a *app) *cobra.Command {
	cmd := group("alerts", "Try the alerts of the configuration", newAlertsTest(a), newAlertsPreview(a))
	cmd.Long = `serve tells people what its scans find: serve.alerts of the configuration says whom, and of
what. The two commands try that without a scan.`
	return cmd
}

func newAlertsTest(a *app) *cobra.Command {
	var of alerting
	cmd := &cobra.Command{
		Use:   "test",
		Short: "Send a sample digest to the receivers of the alerts",
		Long: `test sends a digest that says it is a test to the receiver of each alert, as serve would send a
digest. It ends with 2 where an address is missing or wrong, and with 3 where a receiver doesn't
take the digest. What is shown holds nothing of an address.`,
		Example: `  domicile alerts test
  domicile alerts test --config domicile.yaml --name security`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.testAlerts(of) },
	}
	of.flags(cmd)
	return cmd
}

func newAlertsPreview(a *app) *cobra.Command {
	var of alerting
	cmd := &cobra.Command{
		Use:   "preview RESULT",
		Short: "Show what the alerts would say of a result.json",
		Long: `preview shows the digest that each alert would be sent for a result: its new violations, or all
of them where it wasn't compared with an earlier one, what is fixed, what could not be judged, and
the waivers that end soon. It sends nothing, and needs no address. serve leaves out what it has told before.`,
		Example: `  domicile alerts preview out/result.json
  domicile alerts preview out/result.json --config domicile.yaml --name security`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.previewAlerts(of, args[0]) },
	}
	of.flags(cmd)
	return cmd
}

func (of *alerting) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&of.config, "config", "", "configuration to read (default "+config.FileName+")")
	cmd.Flags().StringVar(&of.name, "name", "", "name of one alert; all of them without it")
}

// choose reads the configuration, and the alerts that are named.
func (of alerting) choose() (*config.Config, []config.Alert, error) {
	cfg, err := config.Read(cmp.Or(of.config, config.FileName))
	if err != nil {
		return nil, nil, usage(err)
	}
	var chosen []config.Alert
	var names []string
	for _, alert := range cfg.Serve.Alerts {
		names = append(names, alert.Name)
		if of.name == "" || alert.Name == of.name {
			chosen = append(chosen, alert)
		}
	}
	switch {
	case len(chosen) > 0:
		return cfg, chosen, nil
	case len(names) == 0:
		return nil, nil, usage(fmt.Errorf("configuration %s has no alerts; list them under serve.alerts", cfg.File))
	default:
		return nil, nil, usage(fmt.Errorf("configuration %s has no alert %q; it has %s", cfg.File, of.name, strings.Join(names, ", ")))
	}
}

// withAlerts refuses a configuration whose alerts couldn't be sent.
func (a *app) withAlerts(load func() (*config.Config, error)) func() (*config.Config, error) {
	return func() (*config.Config, error) {
		cfg, err := load()
		if err != nil {
			return nil, err
		}
		return cfg, alerts.Check(cfg, a.Getenv)
	}
}

// alerts are the alerts of what a fleet finds.
func (a *app) alerts(ctx context.Context, cfg *config.Config, f *fleet.Fleet, log *slog.Logger) (*alerts.Alerts, error) {
	return alerts.New(ctx, cfg, alerts.Options{Store: f.History(), Fleet: f, Getenv: a.Getenv, Now: a.Now, Log: log})
}

func (a *app) testAlerts(of alerting) error {
	cfg, chosen, err := of.choose()
	if err != nil {
		return err
	}
	var refused error
	for _, alert := range chosen {
		template, err := alerts.ReadTemplate(cfg, alert)
		if err != nil {
			return usage(err)
		}
		address, err := cfg.AlertURL(alert, a.Getenv)
		if err != nil {
			return usage(err)
		}
		receiver, err := alerts.NewReceiver(address)
		if err != nil {
			return usage(fmt.Errorf("the address of alert %s: %w", alert.Name, err))
		}
		title, body, err := template.Write(alerts.Sample(alert.Name, a.Now()))
		if err != nil {
			return err
		}
		if err := receiver.Send(title, body); err != nil {
			refused = errors.Join(refused, fmt.Errorf("alert %s: %w", alert.Name, err))
			continue
		}
		a.say("alert %s: the receiver took a sample digest", alert.Name)
	}
	if refused != nil {
		return &exitError{exitViolations, refused}
	}
	return nil
}

func (a *app) previewAlerts(of alerting, path string) error {
	cfg, chosen, err := of.choose()
	if err != nil {
		return err
	}
	var proof scan.Signatures
	trust, err := proof.Trust(cfg)
	if err != nil {
		return usage(err)
	}
	result, _, err := proof.Result(path, trust)
	if err != nil {
		return usage(err)
	}
	for _, alert := range chosen {
		template, err := alerts.ReadTemplate(cfg, alert)
		if err != nil {
			return usage(err)
		}
		digest := alerts.OfResult(alert, result, a.Now())
		if digest.Empty() {
			a.say("alert %s: there is nothing to tell", alert.Name)
			continue
		}
		title, body, err := template.Write(digest)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(a.Stdout, title+"\n\n"+body+"\n\n"); err != nil {
			return err
		}
	}
	return nil
}

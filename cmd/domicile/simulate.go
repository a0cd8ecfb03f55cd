package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/internal/simulator"
)

func newSimulate(a *app) *cobra.Command {
	var name, listen, generate, dir, at string
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Serve a simulated Microsoft tenant over HTTPS",
		Long: `simulate serves one of the simulated tenants as Microsoft's clouds would, until it is
interrupted. --write-config leaves a configuration for it in a folder, with which scan and
collect read it like any other tenant.

An application of its own, whose id is printed and whose secret is in the folder as
` + simulator.RemediatorFile + `, may change what remediation changes: the policies of consent,
of applications' credentials and of roles, permissions of applications, assignments of
roles, preferred data locations, health issues and licences. Whoever reads later sees what
was changed. It is gone when the simulation ends; the tenant's files stay as they are.`,
		Example: `  domicile simulate --tenant good --listen 127.0.0.1:8443 --write-config sim
  domicile scan --config sim/domicile.yaml --out out`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			now, err := a.clock(at)
			if err != nil {
				return err
			}
			counts, err := parseCounts(generate)
			if err != nil {
				return usage(err)
			}
			server, err := startSimulator(cmd.Context(), name, listen, counts, now())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, server.Close()) }()
			if dir != "" {
				if err := server.WriteConfig(dir); err != nil {
					return err
				}
				a.say("wrote a configuration for it into %s", dir)
			}
			if id := server.Remediator(); id != "" {
				a.say("application %s may write", id)
			}
			fmt.Fprintf(a.Stdout, "serving tenant %s at %s\n", name, server.URL())
			<-cmd.Context().Done()
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&name, "tenant", "weak", "tenant to serve: "+strings.Join(simulator.Names(), ", "))
	offer(cmd, "tenant", simulator.Names()...)
	flags.StringVar(&listen, "listen", "127.0.0.1:0", "address to listen on")
	flags.StringVar(&generate, "generate", "", "objects to add, such as users=10000,groups=500")
	flags.StringVar(&dir, "write-config", "", "folder for a configuration with which to scan it")
	flags.StringVar(&at, "now", "", "the time to take for now")
	return cmd
}

// parseCounts reads users=10,groups=5.
func parseCounts(text string) (map[string]int, error) {
	counts := map[string]int{}
	if text == "" {
		return counts, nil
	}
	for _, part := range strings.Split(text, ",") {
		name, number, found := strings.Cut(part, "=")
		count, err := strconv.Atoi(number)
		if !found || err != nil || count < 0 {
			return nil, fmt.Errorf("--generate %q: %q is not a kind and a number, such as users=1000", text, part)
		}
		counts[name] = count
	}
	return counts, nil
}

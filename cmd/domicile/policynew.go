package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/policies"
)

func newPolicyNew(a *app) *cobra.Command {
	var dir, id string
	cmd := &cobra.Command{
		Use:   "new TOPIC/NAME",
		Short: "Write a new rule and its tests",
		Long: `new writes a rule and its tests into a folder of your own; both pass as they are, so that
you change one thing at a time. Topics are ` + strings.Join(policies.Topics(), ", ") + `.`,
		Example: `  domicile policy new geo/guests_disabled --dir rules
  domicile policy test --policy rules
  domicile scan --policy rules --tenant contoso`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			topic, name, found := strings.Cut(args[0], "/")
			if !found {
				return usage(fmt.Errorf("%q is not a topic and a name, such as geo/guests_disabled", args[0]))
			}
			tree, err := policies.Scaffold(topic, name, id)
			if err != nil {
				return usage(err)
			}
			return a.writeTree(dir, tree)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "rules", "folder to write into")
	cmd.Flags().StringVar(&id, "id", "OWN1001", "id of the rule; ids never change and are never used again")
	return cmd
}

// writeTree writes files that don't exist yet.
func (a *app) writeTree(dir string, tree policies.Tree) error {
	names := slices.Sorted(maps.Keys(tree))
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			return usage(fmt.Errorf("%s exists already; name the rule otherwise", path))
		}
	}
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return usage(err)
		}
		if err := scan.WriteFile(path, func(w io.Writer) error { _, err := io.WriteString(w, tree[name]); return err }); err != nil {
			return err
		}
		a.say("wrote %s", path)
	}
	a.say("run domicile policy test --policy %s", dir)
	return nil
}

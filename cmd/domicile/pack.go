package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/scan"
)

// packedEnding ends the name of a packed bundle.
const packedEnding = ".tar.zst"

func newPack(a *app) *cobra.Command {
	var proof signatures
	var out, file string
	cmd := &cobra.Command{
		Use:   "pack BUNDLE",
		Short: "Pack a bundle into one file",
		Long: `pack checks a bundle as verify does and writes it as one file, tar within zstd, its
signature included. Equal bundles give equal bytes. verify and evaluate take the file as it is.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if !isDir(args[0]) {
				return usage(fmt.Errorf("%s is no folder; name the folder of a bundle", args[0]))
			}
			if out == "" {
				out = strings.TrimRight(args[0], `/\`) + packedEnding
			}
			trust, err := proof.read(file)
			if err != nil {
				return err
			}
			bundle, done, err := proof.bundle(args[0], trust)
			if err != nil {
				return err
			}
			defer done() //nolint:errcheck // a folder leaves nothing to remove
			if err := scan.WriteFile(out, bundle.Pack); err != nil {
				return err
			}
			a.say("wrote %s", out)
			return nil
		},
	}
	proof.addTrust(cmd)
	proof.addConfig(cmd, &file)
	cmd.Flags().StringVar(&out, "out", "", "file to write (default BUNDLE"+packedEnding+")")
	return cmd
}

func newUnpack(a *app) *cobra.Command {
	var proof signatures
	var out, file string
	cmd := &cobra.Command{
		Use:   "unpack FILE",
		Short: "Unpack a bundle into a folder",
		Long: `unpack writes a packed bundle into a folder that isn't there yet, and checks it as verify
does before the folder gets its name. What no bundle has in it, links and paths among it, is
refused, as is what unpacks to far more than its size accounts for.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if out == "" {
				out = strings.TrimSuffix(args[0], packedEnding)
			}
			trust, err := proof.read(file)
			if err != nil {
				return err
			}
			bundle, err := evidence.Unpack(args[0], out, trust, func(bundle *evidence.Bundle) error { return proof.demand(args[0], bundle.Signers) })
			if errors.Is(err, evidence.ErrNotPacked) {
				return usage(err)
			}
			if err != nil {
				return bundleError(err)
			}
			a.say("wrote %s, digest %s", out, bundle.Manifest.Digest())
			return nil
		},
	}
	proof.addTrust(cmd)
	proof.addConfig(cmd, &file)
	cmd.Flags().StringVar(&out, "out", "", "folder to write (default FILE without "+packedEnding+")")
	return cmd
}

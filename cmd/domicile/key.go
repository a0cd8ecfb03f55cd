package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/internal/signing"
)

func newKey(a *app) *cobra.Command {
	return group("key", "Make the key that signs", newKeyNew(a))
}

func newKeyNew(a *app) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Make a key: the private half in a file, the public one beside it",
		Long: `new makes an Ed25519 key. The private half goes into the file, which its owner alone may
read; whoever has it can sign. The public half goes beside it, with .pub at its end: give it
to those who check, and name it under trusted_keys. Neither replaces a file.`,
		Example: "  domicile key new --out keys/domicile.pem\n  domicile collect --tenant contoso --key keys/domicile.pem",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			private, public, err := signing.Generate()
			if err != nil {
				return err
			}
			key, err := signing.ParsePublicKey(public)
			if err != nil {
				return err
			}
			if err := writeNew(out, private, 0o600); err != nil {
				return err
			}
			if err := writeNew(out+".pub", public, 0o644); err != nil {
				return errors.Join(err, os.Remove(out))
			}
			a.say("wrote %s and %s.pub", out, out)
			_, err = fmt.Fprintf(a.Stdout, "key %s\n", key.ID)
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "domicile.pem", "file of the private half")
	return cmd
}

// writeNew writes a file that isn't there yet.
func writeNew(path string, data []byte, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return usage(err)
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

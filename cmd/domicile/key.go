package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/internal/signing"
)

func newKey(a *app) *cobra.Command {
	return group("key", "Make the key that signs", newKeyNew(a))
}

func newKeyNew(a *app) *cobra.Command {
	var out string
	var pseudonyms bool
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Make a key: the private half in a file, the public one beside it",
		Long: `new makes an Ed25519 key. The private half goes into the file, which its owner alone may
read; whoever has it can sign. The public half goes beside it, with .pub at its end: give it
to those who check, and name it under trusted_keys. Neither replaces a file.

With --pseudonyms it makes the key of the pseudonyms that --pseudonymise writes: random text,
which has no public half. Whoever has it finds out whom a pseudonym stands for; without it
nobody does.`,
		Example: "  domicile key new --pseudonyms --out keys/pseudonyms.key\n  domicile key new --out keys/domicile.pem\n  domicile collect --tenant contoso --key keys/domicile.pem",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usage(errors.New("--out is empty; name the file"))
			}
			if pseudonyms {
				if !cmd.Flags().Changed("out") {
					out = "pseudonyms.key"
				}
				return a.newPseudonymKey(out)
			}
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
	cmd.Flags().BoolVar(&pseudonyms, "pseudonyms", false, "make a key of pseudonyms instead (default file pseudonyms.key)")
	return cmd
}

func (a *app) newPseudonymKey(out string) error {
	if err := writeNew(out, []byte(rand.Text()+rand.Text()+"\n"), 0o600); err != nil {
		return err
	}
	a.say("wrote %s", out)
	return nil
}

// writeNew writes a file of a key that isn't there yet, into a folder that its owner alone can
// read where there is none.
func writeNew(path string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return usage(err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%s is there already, and a key is never replaced; name another file with --out", path)
	}
	if err != nil {
		return usage(err)
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

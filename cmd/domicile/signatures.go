package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/signing"
)

// signatures are the flags that say what signs, and which signatures count.
type signatures struct{ scan.Signatures }

func (s *signatures) addKey(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.Key, "key", "", "private key that signs what is written, a PEM file or env:NAME for a variable of the environment (default the configuration's signing_key)")
}

func (s *signatures) addTrust(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&s.Trusted, "trusted", nil, "public key whose signatures count, a PEM file or a pattern, repeatable; besides the configuration's trusted_keys")
	cmd.Flags().BoolVar(&s.Required, "require-signature", false, "refuse what no trusted key signed")
}

// addConfig adds the flag of a configuration that says which signatures count.
func (s *signatures) addConfig(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "config", "", "configuration with trusted_keys and require_signature")
}

// read reads the keys whose signatures count, with those of a configuration; empty for none.
func (s *signatures) read(file string) (signing.Trust, error) {
	if file == "" {
		return s.trust(nil)
	}
	cfg, err := config.Read(file)
	if err != nil {
		return nil, usage(err)
	}
	return s.trust(cfg)
}

// trust reads the keys whose signatures count. cfg may be nil.
func (s *signatures) trust(cfg *config.Config) (signing.Trust, error) {
	trust, err := s.Trust(cfg)
	return trust, usage(err)
}

// demand refuses what no trusted key signed, where a signature is required.
func (s *signatures) demand(path string, signers []signing.Signer) error {
	if err := s.Demand(path, signers); err != nil {
		return &exitError{exitViolations, err}
	}
	return nil
}

// result reads a result.json, as scan.Signatures.Result does.
func (s *signatures) result(path string, trust signing.Trust) (*findings.Result, string, error) {
	result, digest, err := s.Result(path, trust)
	return result, digest, bundleError(err)
}

// recordable checks the signature of a result or of a run's record, and returns the lower-case
// hex sha256 of the file.
func (s *signatures) recordable(path string, trust signing.Trust) (string, error) {
	if documentKind(path) != "run" {
		_, digest, err := s.result(path, trust)
		return digest, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	envelope, err := scan.ReadEnvelope(path)
	if err != nil {
		return "", err
	}
	read, err := scan.ReadRun(path, text, envelope, trust)
	if err != nil {
		return "", err
	}
	return read.Digest, s.demand(path, read.Signers)
}

// bundle verifies a bundle: a folder, or a packed one, which is unpacked for the time being.
// done removes what was unpacked.
func (s *signatures) bundle(path string, trust signing.Trust) (bundle *evidence.Bundle, done func() error, err error) {
	dir, done, err := scan.Unpacked(path)
	if err != nil {
		return nil, nil, usage(err)
	}
	if bundle, err = evidence.Verify(dir, trust); err == nil {
		err = s.demand(path, bundle.Signers)
	}
	if err != nil {
		return nil, nil, errors.Join(bundleError(ofPacked(path, dir, err)), done())
	}
	return bundle, done, nil
}

// bundlesIn opens the bundles of a folder, their signatures checked: folders and packed
// ones, and what a scan left of them in a folder of its own. The bundle at except is left
// out.
func (s *signatures) bundlesIn(folder, except string, trust signing.Trust) ([]*evidence.Bundle, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, usage(err)
	}
	var bundles []*evidence.Bundle
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		if scanned := filepath.Join(path, scan.EvidenceFolder); isDir(scanned) {
			path = scanned
		}
		if !isDir(path) && !evidence.IsPacked(path) || same(path, except) || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		bundle, err := s.open(path, trust)
		if err != nil {
			return nil, err
		}
		bundles = append(bundles, bundle)
	}
	return bundles, nil
}

// open reads a bundle's manifest and checks its signature, and leaves the rest unread.
func (s *signatures) open(path string, trust signing.Trust) (*evidence.Bundle, error) {
	dir, done, err := scan.Unpacked(path)
	if err != nil {
		return nil, usage(err)
	}
	bundle, err := evidence.Open(dir)
	if err == nil {
		err = bundle.Authenticate(trust)
	}
	if err == nil {
		err = s.demand(path, bundle.Signers)
		bundle.Dir = path
	}
	return bundle, errors.Join(bundleError(ofPacked(path, dir, err)), done())
}

// ofPacked names the packed bundle that an error is of, which was unpacked elsewhere.
func ofPacked(path, dir string, err error) error {
	if err == nil || path == dir {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func same(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

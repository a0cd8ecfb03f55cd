package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/domicile-audit/domicile/internal/pseudonym"
	"github.com/domicile-audit/domicile/internal/signing"
)

// TrustedKey names keys whose signatures count: a file or a pattern of files, and whose
// they are, if that is said.
type TrustedKey struct {
	File string `yaml:"file"`
	Name string `yaml:"name"`

	line int
}

// UnmarshalYAML reads a file's name, or a mapping of file and name.
func (t *TrustedKey) UnmarshalYAML(node ast.Node) error {
	type plain TrustedKey
	var key plain
	key.line = node.GetToken().Position.Line
	if _, text := node.(*ast.StringNode); text {
		key.File = node.(*ast.StringNode).Value
	} else if err := yaml.NodeToValue(node, &key, yaml.Strict()); err != nil {
		return err
	}
	if key.File == "" {
		return fmt.Errorf("[%d:1] a trusted key names no file", key.line)
	}
	*t = TrustedKey(key)
	return nil
}

// Trust reads the trusted keys. An error names the line of the configuration.
func (c *Config) Trust() (signing.Trust, error) { return c.readKeys(c.TrustedKeys) }

func (c *Config) readKeys(keys []TrustedKey) (signing.Trust, error) {
	var trust signing.Trust
	for _, key := range keys {
		read, err := ReadTrust(c.Path(key.File), key.Name)
		if err != nil {
			return nil, fmt.Errorf("reading configuration %s: line %d: %w", c.File, key.line, err)
		}
		trust = trust.With(read)
	}
	return trust, nil
}

// ReadTrust reads the public keys of a file, or of the files that a pattern names, as those
// of a name, which may be empty.
func ReadTrust(pattern, name string) (signing.Trust, error) {
	files := []string{pattern}
	if strings.ContainsAny(pattern, "*?[") {
		var err error
		if files, err = filepath.Glob(pattern); err != nil {
			return nil, fmt.Errorf("trusted key %q: %w", pattern, err)
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("trusted key %s: no file has such a name", pattern)
		}
	}
	var trust signing.Trust
	for _, file := range slices.Sorted(slices.Values(files)) {
		data, err := readSmall(file)
		if err != nil {
			return nil, fmt.Errorf("trusted key: %w", err)
		}
		key, err := signing.ParsePublicKey(data)
		if err != nil {
			return nil, fmt.Errorf("trusted key %s: %w", file, err)
		}
		key.Name = name
		trust = append(trust, key)
	}
	return trust, nil
}

// SigningKeyPath is where the signing key stands, as ReadKey takes it; empty for none.
func (c *Config) SigningKeyPath() string { return c.source(c.SigningKey) }

// PseudonymKeyPath is where the key of pseudonyms stands, as ReadPseudonymKey takes it; empty
// for none.
func (c *Config) PseudonymKeyPath() string { return c.source(c.PseudonymKey) }

// Pseudonymised says whether a tenant's evidence has pseudonyms.
func (c *Config) Pseudonymised(tenant *Tenant) bool {
	if tenant.Pseudonymise != nil {
		return *tenant.Pseudonymise
	}
	return c.Pseudonymise
}

// envPrefix marks the name of a variable of the environment where a file may stand.
const envPrefix = "env:"

// source is a file's path, or env:NAME as it is.
func (c *Config) source(named string) string {
	if strings.HasPrefix(named, envPrefix) {
		return named
	}
	return c.Path(named)
}

// ReadKey reads a private key from a file, or from a variable of the environment for
// env:NAME. A file that other users of the machine can read or change is refused. An error
// shows nothing of the key.
func ReadKey(source string, getenv func(string) string) (*signing.Key, error) {
	return readSecret("signing key", source, getenv, signing.ParseKey)
}

// ReadPseudonymKey reads the key of a tenant's pseudonyms as ReadKey does. The ids of kept stay
// as they are.
func ReadPseudonymKey(source string, getenv func(string) string, tenant string, kept []string) (*pseudonym.Key, error) {
	return readSecret("key of pseudonyms", source, getenv, func(text []byte) (*pseudonym.Key, error) {
		return pseudonym.New(bytes.TrimRight(text, "\r\n"), tenant, kept)
	})
}

// readSecret reads a secret that is called what, and parses it.
func readSecret[T any](what, source string, getenv func(string) string, parse func([]byte) (*T, error)) (*T, error) {
	if name, env := strings.CutPrefix(source, envPrefix); env {
		text := getenv(name)
		if text == "" {
			return nil, fmt.Errorf("%s: the variable %s of the environment is not set", what, name)
		}
		key, err := parse([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("%s in the variable %s of the environment: %w", what, name, err)
		}
		return key, nil
	}
	info, err := os.Stat(source)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	// The group may read: that is how containers are given secrets.
	// On Windows a mode says nothing: who may read is in access lists, which a folder hands on.
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o027 != 0 {
		return nil, fmt.Errorf("%s %s: other users can read or change it (mode %04o); chmod 600 it", what, source, info.Mode().Perm())
	}
	data, err := readSmall(source)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	key, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", what, source, err)
	}
	return key, nil
}

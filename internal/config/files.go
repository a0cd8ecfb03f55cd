package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxSecret bounds a file that holds a secret or a certificate.
const maxSecret = 1 << 20

// Path makes a path of the configuration absolute, or relative as the configuration's
// own path is: relative paths start at the configuration's folder.
func (t *Tenant) Path(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(t.dir, path)
}

// PolicyPaths are the folders and bundles of further rules; relative ones start at the
// configuration's folder.
func (c *Config) PolicyPaths() []string {
	var paths []string
	for _, path := range c.Policies {
		paths = append(paths, c.Path(path))
	}
	return paths
}

// PolicyKeyPath is the path of the key that must have signed the bundles, or empty.
func (c *Config) PolicyKeyPath() string { return c.Path(c.PolicyKey) }

// WaiversPath is the path of a tenant's file of waivers: its own, or else the general one;
// empty for none. A nil tenant has the general one.
func (c *Config) WaiversPath(tenant *Tenant) string {
	if tenant != nil && tenant.Waivers != "" {
		return tenant.Path(tenant.Waivers)
	}
	return c.Path(c.Waivers)
}

// Path makes a path of the configuration absolute, or relative as the configuration's own
// path is.
func (c *Config) Path(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(c.File), path)
}

// Glob returns the files that patterns of the configuration name, sorted. A pattern
// without wildcards that names no file is an error, one with wildcards may name none.
func (t *Tenant) Glob(patterns []string) ([]string, error) {
	var files []string
	for _, pattern := range patterns {
		path := pattern
		if !filepath.IsAbs(path) {
			path = filepath.Join(literal(t.dir), path)
		}
		found, err := filepath.Glob(path)
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", pattern, err)
		}
		if len(found) == 0 && !strings.ContainsAny(pattern, "*?[") {
			return nil, fmt.Errorf("file %s does not exist; the configuration of tenant %s names it", t.Path(pattern), t.Name)
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// literal is a folder's name as a pattern that fits it alone: brackets in the name of
// the folder would else make all of its files disappear without a word.
func literal(dir string) string {
	return strings.NewReplacer("\\", "\\\\", "*", "\\*", "?", "\\?", "[", "\\[").Replace(dir)
}

// Secret returns the client secret that Auth names. getenv looks up the environment. The
// error names where the secret was looked for, never what was found.
func (t *Tenant) Secret(getenv func(string) string) (string, error) {
	secret, err := secretOf(t.Auth.ClientSecretEnv, t.Path(t.Auth.ClientSecretFile), getenv)
	if err != nil {
		return "", fmt.Errorf("the secret of tenant %s is missing: %w", t.Name, err)
	}
	return secret, nil
}

// secretOf is the secret in a variable of the environment, or without one in a file.
func secretOf(name, file string, getenv func(string) string) (string, error) {
	if name != "" {
		if secret := getenv(name); secret != "" {
			return secret, nil
		}
		return "", fmt.Errorf("the variable %s of the environment is not set", name)
	}
	data, err := readSmall(file)
	if err != nil {
		return "", err
	}
	secret := strings.TrimRight(string(data), "\r\n")
	if secret == "" {
		return "", fmt.Errorf("%s is empty", file)
	}
	return secret, nil
}

// Certificate returns the certificate file that Auth names, and its password.
func (t *Tenant) Certificate(getenv func(string) string) (data []byte, password string, err error) {
	data, err = readSmall(t.Path(t.Auth.CertificateFile))
	if err != nil {
		return nil, "", fmt.Errorf("the certificate of tenant %s is missing: %w", t.Name, err)
	}
	if t.Auth.CertificatePasswordEnv != "" {
		password = getenv(t.Auth.CertificatePasswordEnv)
		if password == "" {
			return nil, "", fmt.Errorf("the certificate's password of tenant %s is missing: the variable %s of the environment is not set", t.Name, t.Auth.CertificatePasswordEnv)
		}
	}
	return data, password, nil
}

// CA returns the certificates, in PEM, of the authorities that are trusted besides the
// system's; nil for none.
func (t *Tenant) CA() ([]byte, error) {
	file := t.CAFile
	if t.Endpoints != nil && t.Endpoints.CAFile != "" {
		file = t.Endpoints.CAFile
	}
	if file == "" {
		return nil, nil
	}
	data, err := readSmall(t.Path(file))
	if err != nil {
		return nil, fmt.Errorf("ca_file of tenant %s: %w", t.Name, err)
	}
	return data, nil
}

func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxSecret || info.IsDir() {
		return nil, errors.New(path + " is a folder or too large")
	}
	return os.ReadFile(path)
}

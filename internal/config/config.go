// Package config reads domicile.yaml: which tenants there are, how to sign in to each,
// and what the organisation decided.
//
// The file goes in with a way to look up the environment; a Config with absolute paths
// and resolved secrets comes out. The package opens no connection.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"
)

// FileName is the name of the configuration that is looked for in the working folder.
const FileName = "domicile.yaml"

// maxFile bounds a configuration, which is text for people.
const maxFile = 4 << 20

// Config is a whole configuration.
type Config struct {
	// File is its path as it was named, Lines the 1-based line of each parameter that
	// it sets, by name.
	File  string         `yaml:"-"`
	Lines map[string]int `yaml:"-"`

	Version int            `yaml:"version"`
	Profile string         `yaml:"profile"`
	Params  map[string]any `yaml:"params"`
	// Policies are folders and bundles with further rules, PolicyKey the public key that
	// must have signed the bundles.
	Policies  []string `yaml:"policies"`
	PolicyKey string   `yaml:"policy_key"`
	// SigningKey is the private key that signs: a file, or env:NAME for a variable of the
	// environment that holds it. TrustedKeys are those whose signatures count, and
	// RequireSignature says that nothing counts without one.
	SigningKey       string       `yaml:"signing_key"`
	TrustedKeys      []TrustedKey `yaml:"trusted_keys"`
	RequireSignature bool         `yaml:"require_signature"`
	// PseudonymKey makes the pseudonyms of pseudonymised evidence: a file, or env:NAME.
	// Pseudonymise says that all evidence is, as far as tenants don't say otherwise.
	PseudonymKey string `yaml:"pseudonym_key"`
	Pseudonymise bool   `yaml:"pseudonymise"`
	// Waivers is the file with the violations that are accepted for a time.
	Waivers     string      `yaml:"waivers"`
	Remediation Remediation `yaml:"remediation"`
	Serve       Serve       `yaml:"serve"`
	Tenants     []Tenant    `yaml:"tenants"`
	// TenantsFrom are patterns of files with further tenants, relative to the configuration:
	// YAML or, named .csv, tables. TenantDefaults are what tenants have that don't say it.
	TenantsFrom    []string       `yaml:"tenants_from"`
	TenantDefaults TenantDefaults `yaml:"tenant_defaults"`

	// Refused says what is wrong with tenants of tenants_from, which are not in Tenants.
	Refused []error `yaml:"-"`
}

// Tenant is one tenant of a configuration.
type Tenant struct {
	Name string `yaml:"name"`
	ID   string `yaml:"id"`
	// Groups are names by which schedules and reports choose tenants.
	Groups []string `yaml:"groups"`
	// Cloud is global, gcc, gcchigh, dod, china or custom.
	Cloud     string         `yaml:"cloud"`
	Auth      Auth           `yaml:"auth"`
	Proxy     string         `yaml:"proxy"`
	CAFile    string         `yaml:"ca_file"`
	Profile   string         `yaml:"profile"`
	Params    map[string]any `yaml:"params"`
	Endpoints *Endpoints     `yaml:"endpoints"`
	// Imports and Attestations are patterns of files, relative to the configuration.
	Imports      []string `yaml:"imports"`
	Attestations []string `yaml:"attestations"`
	// Previous is the result.json of an earlier scan.
	Previous string `yaml:"previous"`
	// Waivers and Pseudonymise go over the general ones, and so does each setting of Remediation.
	Waivers      string      `yaml:"waivers"`
	Pseudonymise *bool       `yaml:"pseudonymise"`
	Remediation  Remediation `yaml:"remediation"`

	// dir is the folder that relative paths start at, place where the tenant stands in a file of
	// tenants_from; empty for one of the configuration itself.
	dir, place string
}

// Auth says how to sign in. Secrets are named, never written: by the variable of the
// environment or the file that holds them.
type Auth struct {
	// Method is one of Methods.
	Method                 string `yaml:"method"`
	ClientID               string `yaml:"client_id"`
	ClientSecretEnv        string `yaml:"client_secret_env"`
	ClientSecretFile       string `yaml:"client_secret_file"`
	CertificateFile        string `yaml:"certificate_file"`
	CertificatePasswordEnv string `yaml:"certificate_password_env"`
	ServiceConnectionID    string `yaml:"service_connection_id"`
	TokenFile              string `yaml:"token_file"`
}

// Endpoints are the hosts of a custom cloud. Like is the cloud that it stands for.
type Endpoints struct {
	Like   string `yaml:"like"`
	Login  string `yaml:"login"`
	Graph  string `yaml:"graph"`
	XDR    string `yaml:"xdr"`
	MDE    string `yaml:"mde"`
	ARM    string `yaml:"arm"`
	CAFile string `yaml:"ca_file"`
}

// Custom is the cloud whose hosts the configuration names.
const Custom = "custom"

// Clouds lists the clouds that a tenant may be in, custom aside.
func Clouds() []string { return []string{"global", "gcc", "gcchigh", "dod", "china"} }

// Methods lists the ways to sign in.
func Methods() []string {
	return []string{"client_secret", "certificate", "workload_identity", "github_oidc", "azure_pipelines", "managed_identity", "device_code", "azure_cli"}
}

// Read reads and checks the configuration in a file. An error names the line and what to
// do about it.
func Read(file string) (*Config, error) {
	data, err := readText(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("reading configuration %s: there is no such file; name one with --config, or try domicile scan --demo", file)
	}
	if err != nil {
		return nil, fmt.Errorf("reading configuration: %w", err)
	}
	config, err := parse(data, file, (*Config).loadTenants)
	if err != nil {
		return nil, fmt.Errorf("reading configuration %s: %w", file, err)
	}
	return config, nil
}

// readText reads a file that people write.
func readText(file string) ([]byte, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	data, err := io.ReadAll(io.LimitReader(opened, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s is larger than %d bytes", file, maxFile)
	}
	return bytes.TrimPrefix(data, []byte("\ufeff")), err
}

// Parse reads and checks a configuration's text. file is its path, against whose folder
// relative paths are taken. The tenants of other files are not among those of the Config.
func Parse(data []byte, file string) (*Config, error) { return parse(data, file, func(*Config) {}) }

// parse reads a configuration, and its tenants of other files by a function.
func parse(data []byte, file string, load func(*Config)) (*Config, error) {
	config := Config{File: file}
	if err := config.decode(data); err != nil {
		return nil, err
	}
	for i := range config.Tenants {
		config.Tenants[i].dir = filepath.Dir(file)
		config.complete(&config.Tenants[i])
	}
	load(&config)
	if err := config.check(); err != nil {
		return nil, err
	}
	return &config, nil
}

// decode reads the text. The decoder panics over some texts that are no YAML.
func (c *Config) decode(data []byte) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the YAML can't be read; check its indentation, brackets, anchors and tags")
		}
	}()
	if c.Lines, err = readLines(data); err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict())
	if err := decoder.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return syntaxError(err)
	}
	return nil
}

// syntaxError says where the text is wrong, and shows none of its lines: a secret may
// stand in them by mistake, and a proxy's password rightly.
func syntaxError(err error) error {
	said, _, _ := strings.Cut(strings.TrimSpace(yaml.FormatError(err, false, false)), "\n")
	return errors.New(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, said))
}

var guid = regexp.MustCompile(`^(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// IsTenantID says whether a text has the form of a tenant's id.
func IsTenantID(text string) bool { return guid.MatchString(text) }

func (c *Config) check() error {
	if c.Version != 1 {
		return fmt.Errorf("version is %d; write version: 1", c.Version)
	}
	errs := append(c.Remediation.check(), c.Serve.check(c.Tenants, len(c.Refused) == 0)...)
	names := map[string]bool{}
	for i, tenant := range c.Tenants {
		where := fmt.Sprintf("tenants[%d] (%q)", i, tenant.Name)
		if names[folderOf(tenant.Name)] {
			errs = append(errs, fmt.Errorf("%s: another tenant has the same name, or one that differs in case alone", where))
		}
		names[folderOf(tenant.Name)] = true
		for _, err := range tenant.check() {
			errs = append(errs, fmt.Errorf("%s: %w", where, err))
		}
		if c.Pseudonymised(&tenant) && c.PseudonymKey == "" {
			errs = append(errs, fmt.Errorf("%s: pseudonymise is set and pseudonym_key names no key; domicile key new --pseudonyms makes one", where))
		}
		if c.RequireApproval(&tenant) && len(c.approvers(&tenant)) == 0 {
			errs = append(errs, fmt.Errorf("%s: remediation.require_approval is set and remediation.approvers names nobody's key", where))
		}
	}
	return errors.Join(errs...)
}

var folderName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?$`)

// folderOf is what a tenant's folder is known by where the case of letters makes no difference.
func folderOf(name string) string { return strings.ToLower(name) }

func (t Tenant) check() []error {
	var errs []error
	demand := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	demand(folderName.MatchString(t.Name), "name %q is not letters, digits, dots, dashes and underscores, with no dot at either end, which its folder is named by", t.Name)
	demand(guid.MatchString(t.ID), "id %q is not a tenant id (a GUID, as Entra admin center > Overview shows it)", t.ID)
	for _, group := range t.Groups {
		demand(folderName.MatchString(group), "group %q is not letters, digits, dots, dashes and underscores", group)
	}
	demand(t.Cloud == Custom || slices.Contains(Clouds(), t.Cloud), "cloud %q is unknown; write one of %s, custom", t.Cloud, strings.Join(Clouds(), ", "))
	if t.Proxy != "" {
		proxy, err := url.Parse(t.Proxy)
		demand(err == nil && proxy.Host != "", "proxy is not an address such as http://proxy:8080")
	}
	switch {
	case t.Cloud == Custom && t.Endpoints == nil:
		errs = append(errs, errors.New("cloud is custom and endpoints are missing"))
	case t.Cloud == Custom:
		errs = append(errs, t.Endpoints.check()...)
	case t.Endpoints != nil:
		errs = append(errs, errors.New("endpoints are only for cloud: custom"))
	}
	return append(append(errs, t.Auth.check()...), t.Remediation.check()...)
}

// variable is the name of a variable of the environment. What Entra makes up as a secret isn't
// one.
var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

func (a Auth) check() []error {
	for _, env := range [][2]string{{"client_secret_env", a.ClientSecretEnv}, {"certificate_password_env", a.CertificatePasswordEnv}} {
		if env[1] != "" && !variable.MatchString(env[1]) {
			return []error{fmt.Errorf("auth.%s is not the name of a variable of the environment; if it is the secret itself, take it out and renew it", env[0])}
		}
	}
	if !slices.Contains(Methods(), a.Method) {
		return []error{fmt.Errorf("auth.method %q is unknown; write one of %s", a.Method, strings.Join(Methods(), ", "))}
	}
	var errs []error
	needs := func(value, name string) {
		if value == "" {
			errs = append(errs, fmt.Errorf("auth.method %s needs auth.%s", a.Method, name))
		}
	}
	switch a.Method {
	case "client_secret":
		needs(a.ClientID, "client_id")
		if (a.ClientSecretEnv == "") == (a.ClientSecretFile == "") {
			errs = append(errs, errors.New("auth.method client_secret needs client_secret_env or client_secret_file, one of the two"))
		}
	case "certificate":
		needs(a.ClientID, "client_id")
		needs(a.CertificateFile, "certificate_file")
	case "github_oidc":
		needs(a.ClientID, "client_id")
	case "azure_pipelines":
		needs(a.ClientID, "client_id")
		needs(a.ServiceConnectionID, "service_connection_id")
	}
	return errs
}

func (e *Endpoints) check() []error {
	var errs []error
	if !slices.Contains(Clouds(), e.Like) {
		errs = append(errs, fmt.Errorf("endpoints.like %q is unknown; write one of %s", e.Like, strings.Join(Clouds(), ", ")))
	}
	addresses := map[string]string{"login": e.Login, "graph": e.Graph, "xdr": e.XDR, "mde": e.MDE, "arm": e.ARM}
	for _, name := range slices.Sorted(maps.Keys(addresses)) {
		address := addresses[name]
		parsed, err := url.Parse(address)
		optional := address == "" && name != "login" && name != "graph"
		switch {
		case optional:
		case err != nil || strings.Contains(address, "@"):
			errs = append(errs, fmt.Errorf("endpoints.%s is not an https address without a user name", name))
		case parsed.Scheme != "https" || parsed.Host == "" || parsed.RawQuery != "":
			errs = append(errs, fmt.Errorf("endpoints.%s %q is not an https address", name, address))
		}
	}
	return errs
}

// Tenant returns the tenant of a name or id. Without either it returns the only one.
func (c *Config) Tenant(name string) (*Tenant, error) {
	known := make([]string, 0, len(c.Tenants))
	for i := range c.Tenants {
		tenant := &c.Tenants[i]
		if tenant.Name == name || strings.EqualFold(tenant.ID, name) {
			return tenant, nil
		}
		known = append(known, tenant.Name)
	}
	if len(c.Refused) > 0 && (name != "" || len(known) != 1) {
		return nil, fmt.Errorf("configuration %s: the tenant may be among those that are refused:\n%w", c.File, c.Refusal(10))
	}
	switch {
	case len(known) == 0:
		return nil, fmt.Errorf("configuration %s has no tenants", c.File)
	case name == "" && len(known) == 1:
		return &c.Tenants[0], nil
	case name == "":
		return nil, fmt.Errorf("configuration %s has several tenants; choose one with --tenant: %s", c.File, strings.Join(known, ", "))
	default:
		return nil, fmt.Errorf("configuration %s has no tenant %q; it has %s", c.File, name, strings.Join(known, ", "))
	}
}

// Settings returns a tenant's profile and parameters: its own over the general ones. A
// nil tenant gives the general ones.
func (c *Config) Settings(tenant *Tenant) (profile string, params map[string]any) {
	profile, params = c.Profile, maps.Clone(c.Params)
	if params == nil {
		params = map[string]any{}
	}
	if tenant == nil {
		return profile, params
	}
	if tenant.Profile != "" {
		profile = tenant.Profile
	}
	maps.Copy(params, tenant.Params)
	return profile, params
}

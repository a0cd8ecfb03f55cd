package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Dashboard says how people and machines come to the dashboard and its API.
type Dashboard struct {
	// PublicURL is the address under which browsers find the dashboard, where that isn't the
	// one that it listens on: https behind a proxy.
	PublicURL string `yaml:"public_url"`
	// TrustedProxies are the networks of the proxies before it, whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies"`
	// TLS is the certificate of the server itself, nil without one.
	TLS *TLS `yaml:"tls"`
	// SignIn is nil where nobody signs in, and then only this machine is served.
	SignIn *SignIn `yaml:"sign_in"`
	// Tokens are the machines that may use the API.
	Tokens []Token `yaml:"tokens"`
}

// TLS names a certificate with its chain and its key, both in PEM.
type TLS struct {
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
}

// SignIn is an OpenID Connect provider, and whom of its people the dashboard knows.
type SignIn struct {
	Issuer           string `yaml:"issuer"`
	ClientID         string `yaml:"client_id"`
	ClientSecretEnv  string `yaml:"client_secret_env"`
	ClientSecretFile string `yaml:"client_secret_file"`
	// Claim is the claim of the ID token that Reader, Operator and Approver list values of.
	Claim    string   `yaml:"claim"`
	Reader   []string `yaml:"reader"`
	Operator []string `yaml:"operator"`
	Approver []string `yaml:"approver"`
	// Idle ends a session that isn't used, Longest every session.
	Idle    Duration `yaml:"idle"`
	Longest Duration `yaml:"longest"`
}

// Token is a machine that may use the API. SHA256 is the digest of its secret, in hex; the
// secret itself stands nowhere.
type Token struct {
	Name   string `yaml:"name"`
	SHA256 string `yaml:"sha256"`
	// Role is reader or operator: only people approve.
	Role string `yaml:"role"`
}

// The sessions' terms where the configuration sets none.
const (
	defaultClaim   = "roles"
	defaultIdle    = Duration(30 * time.Minute)
	defaultLongest = Duration(12 * time.Hour)
)

// check says what is wrong, and fills in what was left out.
func (d *Dashboard) check() []error {
	var errs []error
	if d.PublicURL != "" {
		public, err := url.Parse(d.PublicURL)
		if err != nil || public.Scheme != "https" || public.Host == "" || public.User != nil || public.RawQuery != "" || public.Fragment != "" || strings.Trim(public.Path, "/") != "" {
			errs = append(errs, errors.New("serve.public_url is not an address such as https://domicile.contoso.com"))
		}
	}
	if d.TLS != nil && (d.TLS.CertFile == "" || d.TLS.KeyFile == "") {
		errs = append(errs, errors.New("serve.tls needs cert_file and key_file"))
	}
	switch {
	case d.SignIn == nil && d.PublicURL != "":
		errs = append(errs, errors.New("serve.public_url needs serve.sign_in: without it only this machine is served"))
	case d.SignIn != nil && !d.Secure():
		errs = append(errs, errors.New("serve.sign_in needs https: set serve.tls, or behind a proxy serve.public_url"))
	}
	if d.SignIn != nil {
		errs = append(errs, d.SignIn.check()...)
	}
	return append(errs, d.checkTokens()...)
}

// Secure says whether browsers come by https.
func (d *Dashboard) Secure() bool { return d.TLS != nil || d.PublicURL != "" }

// CheckListen says whether the dashboard may be on an address: on one that other machines
// reach, people have to sign in.
func (d *Dashboard) CheckListen(listen string) error {
	if d.SignIn == nil && !loopback(listen) {
		return fmt.Errorf("%s can be reached by other machines, and nobody would have to sign in; set serve.sign_in, or listen on 127.0.0.1", listen)
	}
	return nil
}

// loopback says whether only this machine reaches an address.
func loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

func (s *SignIn) check() []error {
	var errs []error
	if issuer, err := url.Parse(s.Issuer); err != nil || issuer.Scheme != "https" || issuer.Host == "" || issuer.User != nil {
		errs = append(errs, errors.New("serve.sign_in.issuer is not an https address such as https://login.microsoftonline.com/TENANT/v2.0"))
	}
	if s.ClientID == "" {
		errs = append(errs, errors.New("serve.sign_in needs client_id"))
	}
	if (s.ClientSecretEnv == "") == (s.ClientSecretFile == "") {
		errs = append(errs, errors.New("serve.sign_in needs client_secret_env or client_secret_file, one of the two"))
	}
	if len(s.Reader)+len(s.Operator)+len(s.Approver) == 0 {
		errs = append(errs, errors.New("serve.sign_in lets nobody in: list values of the claim under reader, operator or approver"))
	}
	if s.Claim == "" {
		s.Claim = defaultClaim
	}
	if s.Idle == 0 {
		s.Idle = defaultIdle
	}
	if s.Longest == 0 {
		s.Longest = defaultLongest
	}
	if time.Duration(s.Idle) < time.Minute || s.Longest < s.Idle {
		errs = append(errs, errors.New("serve.sign_in.idle must be at least 1m, and longest no shorter"))
	}
	return errs
}

func (d *Dashboard) checkTokens() []error {
	var errs []error
	names := map[string]bool{}
	for i, token := range d.Tokens {
		if err := token.Check(); err != nil {
			errs = append(errs, fmt.Errorf("serve.tokens[%d] (%q): %w", i, token.Name, err))
		}
		if names[token.Name] {
			errs = append(errs, fmt.Errorf("serve.tokens[%d] (%q): the name is there twice", i, token.Name))
		}
		names[token.Name] = true
	}
	return errs
}

// Check says what is wrong with a token of the configuration.
func (t Token) Check() error {
	sum, err := hex.DecodeString(t.SHA256)
	switch {
	case !folderName.MatchString(t.Name):
		return fmt.Errorf("name %q is not letters, digits, dots, dashes and underscores", t.Name)
	case err != nil || len(sum) != 32:
		return errors.New("sha256 is not 64 hexadecimal digits; domicile serve token makes a token and its entry")
	case t.Role != "reader" && t.Role != "operator":
		return fmt.Errorf("role %q is neither reader nor operator", t.Role)
	}
	return nil
}

// SignInSecret returns the secret of the client at the provider. getenv looks up the
// environment. The error names where the secret was looked for, never what was found.
func (c *Config) SignInSecret(s *SignIn, getenv func(string) string) (string, error) {
	secret, err := secretOf(s.ClientSecretEnv, c.Path(s.ClientSecretFile), getenv)
	if err != nil {
		return "", fmt.Errorf("the secret of serve.sign_in is missing: %w", err)
	}
	return secret, nil
}

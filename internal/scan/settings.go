package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/pseudonym"
	"github.com/domicile-audit/domicile/internal/signing"
	"github.com/domicile-audit/domicile/policies"
)

// Settings are what is chosen besides a configuration, or over it.
type Settings struct {
	// Selection chooses the rules. A framework may be named by its short name.
	Selection policies.Selection
	// Policies are folders and OPA bundles with further rules, and PolicyKey is the public key
	// that must have signed the bundles; besides the configuration's, and in place of its.
	Policies  []string
	PolicyKey string
	// FailOn is what findings.ParseFailOn reads; AllowIncomplete turns exit code 4 into 0.
	FailOn          string
	AllowIncomplete bool
	// Profile and Waivers, a file, go over the configuration's.
	Profile, Waivers string
	// Previous is the result.json to compare with. Where FailOn counts new violations alone, an
	// empty one stands for the tenant's.
	Previous string
	// Signed refuses an earlier result that no trusted key signed.
	Signed bool
	// Pseudonyms are those of the evidence that is judged; nil where nothing takes them.
	Pseudonyms *pseudonym.Key
	Tool       findings.Tool
}

// Rules reads the shipped rules with those that the settings and the configuration name,
// chooses from them and compiles these. cfg may be nil.
func (s Settings) Rules(ctx context.Context, cfg *config.Config) (*policies.Set, error) {
	trees, err := s.Trees(cfg)
	if err != nil {
		return nil, err
	}
	set, err := policies.Read(trees...)
	if err != nil {
		return nil, err
	}
	s.Selection.Framework = FrameworkKey(s.Selection.Framework)
	if known := frameworksOf(set); s.Selection.Framework != "" && !slices.Contains(known, s.Selection.Framework) {
		return nil, fmt.Errorf("--framework %q is named by no rule; known are %s", s.Selection.Framework, strings.Join(known, ", "))
	}
	if set, err = set.Select(s.Selection); err != nil {
		return nil, err
	}
	return set.Compile(ctx)
}

// FrameworkKey is the key of a framework by its name or its short one, in any letter case.
func FrameworkKey(name string) string {
	short := map[string]string{"cis": "cis_m365", "nist": "nist_800_53", "iso27001": "iso_27001", "iso": "iso_27001"}
	name = strings.ToLower(name)
	return cmp.Or(short[name], name)
}

// frameworksOf lists the frameworks that rules name.
func frameworksOf(set *policies.Set) []string {
	named := map[string]bool{}
	for _, rule := range set.Rules() {
		for name := range rule.Frameworks {
			named[name] = true
		}
	}
	return slices.Sorted(maps.Keys(named))
}

// Trees are the shipped rules, then the folders and bundles of further ones. cfg may be nil.
func (s Settings) Trees(cfg *config.Config) ([]policies.Tree, error) {
	paths, key := s.Policies, s.PolicyKey
	if cfg != nil {
		paths = slices.Concat(paths, cfg.PolicyPaths())
		if key == "" {
			key = cfg.PolicyKeyPath()
		}
	}
	trees := []policies.Tree{policies.Builtin()}
	for _, path := range paths {
		tree, err := readTree(path, key)
		if err != nil {
			return nil, fmt.Errorf("rules of %s: %w", path, err)
		}
		trees = append(trees, tree)
	}
	return trees, nil
}

// readTree reads the rules of a folder, or of an OPA bundle (.tar.gz), which the key, if
// there is one, must have signed.
func readTree(path, key string) (policies.Tree, error) {
	if strings.HasSuffix(path, ".tar.gz") {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		var public []byte
		if key != "" {
			if public, err = os.ReadFile(key); err != nil {
				return nil, err
			}
		}
		return policies.ReadBundle(file, public)
	}
	if _, err := os.ReadDir(path); err != nil {
		return nil, fmt.Errorf("it is neither a folder that can be read nor a bundle (.tar.gz): %w", err)
	}
	return policies.ReadTree(os.DirFS(path))
}

// Judgement joins the settings, the configuration and a tenant's own settings; a trusted key
// must have signed the earlier result, if it is signed. cfg and tenant may be nil.
func (s Settings) Judgement(set *policies.Set, cfg *config.Config, tenant *config.Tenant, trust signing.Trust) (Judgement, error) {
	judgement := Judgement{
		Set: set, Tool: s.Tool, FailOn: s.FailOn, AllowIncomplete: s.AllowIncomplete,
		Config: findings.Config{Lines: map[string]int{}},
	}
	if cfg != nil {
		judgement.Profile, judgement.Params = cfg.Settings(tenant)
		judgement.Config = findings.Config{URI: relative(cfg.File), Lines: cfg.Lines}
		if err := checkParams(set, cfg, judgement.Params); err != nil {
			return judgement, err
		}
	}
	if judgement.Pseudonyms = s.Pseudonyms; s.Pseudonyms != nil {
		var err error
		if judgement.Params, err = policies.Pseudonymise(judgement.Params, s.Pseudonyms); err != nil {
			return judgement, err
		}
	}
	if s.Profile != "" {
		judgement.Profile = s.Profile
	}
	if judgement.Profile != "" && !slices.Contains(policies.Profiles(), judgement.Profile) {
		return judgement, fmt.Errorf("profile %q is unknown; known are %s", judgement.Profile, strings.Join(policies.Profiles(), ", "))
	}
	var err error
	if judgement.Waivers, err = s.readWaivers(set, cfg, tenant); err != nil {
		return judgement, err
	}
	if path := s.earlier(tenant); path != "" {
		proof := Signatures{Required: s.Signed}
		if judgement.Previous, judgement.PreviousDigest, err = proof.Result(path, trust); err != nil {
			return judgement, fmt.Errorf("--previous: %w", err)
		}
	}
	return judgement, nil
}

// readWaivers reads the file that the settings name, or else the tenant's, or else the
// general one; nil without any. cfg and tenant may be nil.
func (s Settings) readWaivers(set *policies.Set, cfg *config.Config, tenant *config.Tenant) ([]findings.Waiver, error) {
	path, params := s.Waivers, map[string]any(nil)
	if cfg != nil {
		path = cmp.Or(path, cfg.WaiversPath(tenant))
		_, params = cfg.Settings(tenant)
	}
	days, err := set.WaiverDays(params)
	if err != nil || path == "" {
		return nil, err
	}
	return config.ReadWaivers(path, days)
}

// earlier is the path of the result to compare with: the settings', or, where new violations
// alone count, the tenant's. tenant may be nil.
func (s Settings) earlier(tenant *config.Tenant) string {
	failOn, err := findings.ParseFailOn(s.FailOn)
	if s.Previous == "" && err == nil && failOn.New && tenant != nil {
		return tenant.Path(tenant.Previous)
	}
	return s.Previous
}

// checkParams holds parameters against the rules and names the line of a mistake.
func checkParams(set *policies.Set, cfg *config.Config, params map[string]any) error {
	err := set.CheckParams(params)
	if err == nil {
		return nil
	}
	var unknown *policies.UnknownParamError
	if errors.As(err, &unknown) && cfg.Lines[unknown.Name] > 0 {
		err = fmt.Errorf("line %d: %w", cfg.Lines[unknown.Name], err)
	}
	return fmt.Errorf("reading configuration %s: %w", cfg.File, err)
}

// relative is a path as reports name it: relative to the working folder, or its last
// part where it lies outside.
func relative(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return filepath.Base(path)
	}
	working, err := filepath.Abs(".")
	if err != nil {
		return filepath.Base(path)
	}
	inside, err := filepath.Rel(working, absolute)
	if err != nil || strings.HasPrefix(inside, "..") {
		return filepath.Base(path)
	}
	return filepath.ToSlash(inside)
}

// Signatures say what signs, and which signatures count, besides a configuration or over it.
type Signatures struct {
	// Key is the private key, as config.ReadKey takes it.
	Key string
	// Trusted are files of public keys whose signatures count, or patterns of them, and
	// Required says that nothing counts without one.
	Trusted  []string
	Required bool
}

// ErrUnsigned says that no trusted key signed what a signature is required of.
var ErrUnsigned = errors.New("is not signed by a trusted key, and a signature is required")

// Trust reads the keys whose signatures count. From then on a signature is required where the
// configuration requires one. cfg may be nil.
func (s *Signatures) Trust(cfg *config.Config) (trust signing.Trust, err error) {
	if cfg != nil {
		if trust, err = cfg.Trust(); err != nil {
			return nil, err
		}
		s.Required = s.Required || cfg.RequireSignature
	}
	for _, pattern := range s.Trusted {
		keys, err := config.ReadTrust(pattern, "")
		if err != nil {
			return nil, fmt.Errorf("--trusted: %w", err)
		}
		trust = trust.With(keys)
	}
	if s.Required && len(trust) == 0 {
		return nil, errors.New("a signature is required and no key is trusted; name its public half with --trusted, or in the configuration under trusted_keys")
	}
	return trust, nil
}

// SigningKey reads the key that signs, nil for none. It must be one that is trusted, where
// any is. cfg may be nil.
func (s *Signatures) SigningKey(cfg *config.Config, trust signing.Trust, getenv func(string) string) (*signing.Key, error) {
	source := s.Key
	if source == "" && cfg != nil {
		source = cfg.SigningKeyPath()
	}
	if source == "" {
		return nil, nil //nolint:nilnil // no key is no error
	}
	key, err := config.ReadKey(source, getenv)
	if err != nil {
		return nil, err
	}
	if len(trust) > 0 && !trust.Has(key.ID()) {
		return nil, fmt.Errorf("the signing key is not among the trusted ones, so that what it signs would be refused; add its public half to trusted_keys (key %s)", key.ID())
	}
	return key, nil
}

// Demand refuses what no trusted key signed, where a signature is required.
func (s *Signatures) Demand(path string, signers []signing.Signer) error {
	if s.Required && (len(signers) == 0 || !signers[0].Trusted) {
		return fmt.Errorf("%s %w", path, ErrUnsigned)
	}
	return nil
}

// Result reads a result.json, and returns the lower-case hex sha256 of the file too. A
// signature beside it must hold (see VerifyResult), and there must be one where it is required.
func (s *Signatures) Result(path string, trust signing.Trust) (*findings.Result, string, error) {
	result, digest, signers, err := VerifyResult(path, trust)
	if err == nil {
		err = s.Demand(path, signers)
	}
	return result, digest, err
}

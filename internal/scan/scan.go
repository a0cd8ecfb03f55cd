// Package scan composes the stages: it collects a tenant into a bundle, judges a bundle,
// and writes the reports of a result. Each stage's output is a file, and nothing passes
// between stages but what those files hold.
package scan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/pseudonym"
	"github.com/domicile-audit/domicile/internal/signing"
	"github.com/domicile-audit/domicile/policies"
	"github.com/domicile-audit/domicile/reports"
)

// ResultFile and EvidenceFolder are where a scan leaves its result and its bundle, inside
// its output folder.
const (
	ResultFile     = "result.json"
	EvidenceFolder = "evidence"
)

// ErrIsBundle says that reports would go into a bundle.
var ErrIsBundle = errors.New("it is an evidence bundle, which they would spoil; name another folder with --out")

// ErrNotFile says that something other than a file stands where one would be written.
var ErrNotFile = errors.New("there is a folder, a link, a device or a pipe of that name; name a file, or take it away")

// Judgement says how a bundle is judged and how the verdicts become an exit code.
type Judgement struct {
	Set     *policies.Set
	Profile string
	Params  map[string]any
	// Config names the customer's configuration in the result.
	Config findings.Config
	Tool   findings.Tool
	// FailOn is what findings.ParseFailOn reads; AllowIncomplete turns exit code 4 into 0.
	FailOn          string
	AllowIncomplete bool
	// Waivers are laid over the verdicts; nil if no file of them is named.
	Waivers []findings.Waiver
	// Previous is an earlier result to compare with, and PreviousDigest the sha256 of its
	// file; nil for none.
	Previous       *findings.Result
	PreviousDigest string
	// Remediations are the runs that made changes in the tenant since.
	Remediations []*Recorded
	// Key signs the result; nil for none.
	Key *signing.Key
	// Pseudonyms are those of the bundle; nil where it has none, or there are no parameters and
	// waivers that need them. Params has them already.
	Pseudonyms *pseudonym.Key
}

// Result returns a bundle's verdicts as a Result: equal bundles, rules and judgements
// give equal results.
func (j Judgement) Result(verdicts policies.Verdicts, bundle *evidence.Bundle) *findings.Result {
	manifest := bundle.Manifest
	result := &findings.Result{
		Version: findings.Version,
		Tool:    j.Tool,
		Tenant:  findings.Tenant(manifest.Tenant),
		Profile: verdicts.Profile,
		Params:  verdicts.Params,
		Reader:  findings.Reader(manifest.Reader),
		Digests: findings.Digests{
			Evidence: manifest.Digest(),
			Policies: j.Set.Digest(),
			Params:   j.paramsDigest(verdicts),
		},
		Signature:  signatureOf(bundle),
		Pseudonyms: manifest.Pseudonyms,
		Started:    manifest.Started,
		Finished:   manifest.Finished,
		Config:     j.Config,
		Selection:  selectionOf(j.Set),
		Evidence:   evidenceOf(manifest),
		Gaps:       gapsOf(manifest),
		Rules:      verdicts.Rules,
		Findings:   verdicts.Findings,
	}
	findings.Waive(result, Waivers(j.Waivers, verdicts.Findings, j.Pseudonyms), result.Started)
	result.Summary = findings.Summarise(result.Rules, result.Findings)
	if j.Previous != nil {
		if err := result.Compare(j.Previous, j.PreviousDigest); err != nil {
			result.Exit = findings.Exit{Code: findings.ExitUsage, Reason: err.Error()}
			return result
		}
	}
	if err := j.remediate(result); err != nil {
		result.Exit = findings.Exit{Code: findings.ExitUsage, Reason: err.Error()}
		return result
	}
	result.Exit = findings.Gate(result, j.FailOn, j.AllowIncomplete)
	return result
}

// remediate notes the remediations in a result, each once. One that is not of the tenant, or
// does not stand between the earlier result and this one, says nothing of what has changed.
func (j Judgement) remediate(result *findings.Result) error {
	for _, run := range j.Remediations {
		began := run.Run.Began.Format(time.RFC3339)
		switch {
		case result.Pseudonyms != "":
			return fmt.Errorf("the remediation of %s names people and applications, for which the evidence has pseudonyms", began)
		case !strings.EqualFold(run.Tenant.ID, result.Tenant.ID):
			return fmt.Errorf("the remediation of %s is of tenant %s and the evidence of %s", began, run.Tenant.ID, result.Tenant.ID)
		case run.Run.Began.After(result.Finished):
			return fmt.Errorf("the remediation of %s began after the evidence was read", began)
		case j.Previous != nil && run.Run.Ended.Before(j.Previous.Started):
			return fmt.Errorf("the remediation of %s was over before the earlier result", began)
		}
		// Where a run was gone on with, its last record says all that those before it do.
		at := slices.IndexFunc(result.Remediations, func(r findings.Remediated) bool {
			return r.Kind == run.Run.Kind && r.Plan == run.Run.Plan && r.Began.Equal(run.Run.Began)
		})
		switch {
		case at < 0:
			result.Remediations = append(result.Remediations, run.Remediated())
		case run.Run.Ended.After(result.Remediations[at].Ended):
			result.Remediations[at] = run.Remediated()
		}
	}
	return nil
}

// signatureOf is who signed a bundle; nil for nobody.
func signatureOf(bundle *evidence.Bundle) *findings.Signature {
	if len(bundle.Signers) == 0 {
		return nil
	}
	signature := findings.Signature(bundle.Signers[0])
	if bundle.Manifest.Pseudonyms != "" {
		signature.Name = "" // it may be a person's; the key's id says as much
	}
	return &signature
}

// Waivers are waivers as they are held against findings: where those have pseudonyms of a key,
// so have they; nil for none. A resource is named as it is or by its pseudonym, as in a report;
// one that isn't found may be anything, and has a pseudonym whatever it is.
func Waivers(given []findings.Waiver, found []findings.Finding, key *pseudonym.Key) []findings.Waiver {
	if key == nil {
		return given
	}
	var waivers []findings.Waiver
	for _, w := range given {
		id := w.Resource.ID
		if id != findings.AnyID && !pseudonym.Is(id) {
			w.Resource.ID = key.ID(id)
		}
		ids, name := []string{id, key.ID(id), key.Again(id), key.Host(id)}, key.Name("", id)
		for _, finding := range found {
			if is := finding.Resource; is.Kind == w.Resource.Kind && (slices.Contains(ids, is.ID) || strings.HasSuffix(is.ID, name)) {
				w.Resource.ID = is.ID
			}
		}
		w.Reason, w.Owner, w.Approver, w.Ticket = key.Name("text", w.Reason), key.Person(w.Owner), key.Person(w.Approver), key.Within(w.Ticket)
		waivers = append(waivers, w.Identify())
	}
	return waivers
}

// selectionOf says which rules a set chooses; nil for all of them.
func selectionOf(set *policies.Set) *findings.Selection {
	by := set.Selection()
	if len(by.Rules) == 0 && len(by.Exclude) == 0 && by.Framework == "" {
		return nil
	}
	selection := &findings.Selection{Rules: by.Rules, Exclude: by.Exclude, Of: set.Loaded()}
	if by.Framework != "" {
		selection.Frameworks = []string{by.Framework}
	}
	return selection
}

func readResult(path string) (result *findings.Result, digest string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, "", fmt.Errorf("reading result: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	if result, err = findings.Read(io.TeeReader(file, hash)); err != nil {
		return nil, "", fmt.Errorf("reading result %s: %w; name a result.json that scan or evaluate wrote", path, err)
	}
	return result, hex.EncodeToString(hash.Sum(nil)), nil
}

// ResultOrigin reads of a result.json whose it is and when its scan began, and leaves the rest
// unread and unchecked: Signatures.Result reads it.
func ResultOrigin(path string) (tenant findings.Tenant, started time.Time, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return tenant, started, fmt.Errorf("reading result: %w", err)
	}
	if !info.Mode().IsRegular() { // nobody named it: a pipe there may never end
		return tenant, started, fmt.Errorf("reading result %s: it is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return tenant, started, fmt.Errorf("reading result: %w", err)
	}
	defer file.Close()
	if tenant, started, err = findings.ReadOrigin(file); err != nil {
		return tenant, started, fmt.Errorf("reading result %s: %w", path, err)
	}
	return tenant, started, nil
}

// paramsDigest names everything that the user chose: parameters, profile, rules and
// options.
func (j Judgement) paramsDigest(verdicts policies.Verdicts) string {
	rules := make([]string, 0, len(verdicts.Rules))
	for _, rule := range verdicts.Rules {
		rules = append(rules, rule.ID)
	}
	data, err := json.Marshal(map[string]any{
		"params": verdicts.Params, "profile": verdicts.Profile, "rules": rules,
		"fail_on": j.FailOn, "allow_incomplete": j.AllowIncomplete,
	})
	if err != nil {
		return "" // parameters come from JSON or YAML and go back to it
	}
	return sumOf(data)
}

func evidenceOf(manifest evidence.Manifest) []findings.Evidence {
	list := make([]findings.Evidence, 0, len(manifest.Kinds))
	for _, e := range manifest.Kinds {
		list = append(list, findings.Evidence{
			Kind: e.Kind, File: e.File, SHA256: e.SHA256, Objects: e.Objects, Complete: e.Complete,
			Tier: string(e.Tier), API: e.API, Time: e.Time, Requests: e.Requests, Minimum: e.Minimum,
		})
	}
	return list
}

func gapsOf(manifest evidence.Manifest) []findings.Gap {
	list := make([]findings.Gap, 0, len(manifest.Gaps))
	for _, g := range manifest.Gaps {
		list = append(list, findings.Gap{Kind: g.Kind, Reason: string(g.Reason), Status: g.Status, Code: g.Code, Permission: g.Permission})
	}
	slices.SortFunc(list, func(a, b findings.Gap) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason))
	})
	return list
}

// WriteReports writes result.json, its signature if there is a key, and one file per format
// into a folder. Each file gets its name when it is whole, and a report that can't be written
// costs none of the others. It returns the paths, result.json first; none if not even that,
// or its signature, could be written.
func WriteReports(dir string, result *findings.Result, formats []reports.Format, key *signing.Key) ([]string, error) {
	if _, err := evidence.Open(dir); err == nil {
		return nil, fmt.Errorf("writing reports into %s: %w", dir, ErrIsBundle)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating folder %s: %w", dir, err)
	}
	path := filepath.Join(dir, ResultFile)
	paths := []string{path}
	// An earlier result's signature goes first: it is not this one's.
	if err := os.Remove(envelopeOf(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := WriteFile(path, result.Write); err != nil {
		return nil, err
	}
	if key != nil {
		if err := signResult(path, result, key); err != nil {
			return nil, err
		}
		paths = append(paths, envelopeOf(path))
	}
	var errs []error
	for _, format := range formats {
		path := filepath.Join(dir, format.File)
		if slices.Contains(paths, path) {
			continue
		}
		if err := WriteFile(path, func(w io.Writer) error { return format.Write(w, result) }); err != nil {
			errs = append(errs, err)
			continue
		}
		paths = append(paths, path)
	}
	return paths, errors.Join(errs...)
}

// WriteFile writes a file, readable by its owner alone, under a temporary name beside it
// and renames it when it is whole. It takes the place of an earlier file and of nothing else:
// a rename by root would do away with a device, or with the link that /dev/stdout is.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("writing %s: %w", path, ErrNotFile)
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(file.Name()))
		}
	}()
	if err := errors.Join(write(file), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func sortedSet(values []string) []string {
	slices.Sort(values)
	return slices.Compact(values)
}

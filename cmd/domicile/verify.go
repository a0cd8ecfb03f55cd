package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/signing"
	"github.com/domicile-audit/domicile/reports"
)

// verification is what verify is asked.
type verification struct {
	signatures
	config   string
	tenant   string
	previous string
	chain    string
}

func newVerify(a *app) *cobra.Command {
	var v verification
	cmd := &cobra.Command{
		Use:   "verify PATH",
		Short: "Check that files are as they were written and signed",
		Long: `verify reads every file of an evidence bundle, a folder or a packed one, and compares its
hash, size and number of objects with the manifest, and the manifest with the bundle's
signature. Of a result.json, a plan.json and an attestation (.yaml) it checks the signature
beside it, and of a plan the approval, where the configuration says whose count. Of the record
of a remediation (plan.record.json, plan.rollback.json) it checks the signature and everything
that the record names: plan, approval, journal, and the result and evidence that verify it. It
ends with 3 and names the first thing that is wrong.

A signature counts where a trusted key made it: one of --trusted, or of the configuration's
trusted_keys. Without any trusted key nothing tells who signed, which is said. Without a
signature the hashes guard against damage, but not against forgery: whoever can write a
bundle can write new hashes. --require-signature makes either an error.

With --tenant, or a configuration, it must be of that tenant, or of one of the
configuration's. With --previous a bundle must name that one as the one before it, and with
--chain be the last of those in a folder, each of which names the one before it; of these
the manifests and signatures are checked.`,
		Example: `  domicile verify out/evidence --trusted domicile.pem.pub --require-signature
  domicile verify bundle.tar.zst --config domicile.yaml --tenant contoso
  domicile verify archive/2026-11 --chain archive`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.verify(args[0], v) },
	}
	v.addTrust(cmd)
	cmd.Flags().StringVar(&v.config, "config", "", "configuration with trusted keys and tenants")
	cmd.Flags().StringVar(&v.tenant, "tenant", "", "tenant that it must be of: one of the configuration, or an id")
	cmd.Flags().StringVar(&v.previous, "previous", "", "the bundle before this one")
	cmd.Flags().StringVar(&v.chain, "chain", "", "folder with the earlier bundles of the tenant")
	return cmd
}

func (a *app) verify(path string, v verification) error {
	var cfg *config.Config
	var err error
	if v.config != "" {
		if cfg, err = config.Read(v.config); err != nil {
			return usage(err)
		}
	}
	ids, err := v.tenants(cfg)
	if err != nil {
		return usage(err)
	}
	trust, err := v.trust(cfg)
	if err != nil {
		return err
	}
	ofTenant := func(id string) error {
		if len(ids) > 0 && !slices.ContainsFunc(ids, func(asked string) bool { return strings.EqualFold(asked, id) }) {
			return &exitError{exitViolations, fmt.Errorf("%s is of tenant %s, and not of %s", path, id, strings.Join(ids, " or "))}
		}
		return nil
	}
	if _, err := os.Stat(path); err != nil || isDir(path) || evidence.IsPacked(path) {
		return a.verifyBundle(path, v, trust, ofTenant)
	}
	if v.previous != "" || v.chain != "" {
		return usage(errors.New("bundles alone have a chain; leave out --previous and --chain"))
	}
	if ending := filepath.Ext(path); ending == ".yaml" || ending == ".yml" {
		return a.verifyAttestation(path, v, trust, ofTenant)
	}
	switch documentKind(path) {
	case "plan":
		return a.verifyPlan(path, v, cfg, trust, ofTenant)
	case "run":
		return a.verifyRun(path, v, cfg, trust, ofTenant)
	default:
		return a.verifyResult(path, v, trust, ofTenant)
	}
}

// documentKind tells a plan and the record of a run from a result, by the members that they
// alone have. What is none of them is taken for a result: reading it says what is wrong.
func documentKind(path string) string {
	data, _ := os.ReadFile(path)
	var members map[string]json.RawMessage
	_ = json.Unmarshal(data, &members)
	for member, kind := range map[string]string{"steps": "plan", "run": "run"} {
		if _, has := members[member]; has {
			return kind
		}
	}
	return "result"
}

// tenants are the ids that are asked for; none for any.
func (v verification) tenants(cfg *config.Config) ([]string, error) {
	switch {
	case cfg == nil && v.tenant == "":
		return nil, nil
	case cfg == nil && !config.IsTenantID(v.tenant):
		return nil, fmt.Errorf("--tenant %q is not a tenant id; %w", v.tenant, errNoConfig)
	case cfg == nil:
		return []string{v.tenant}, nil
	case v.tenant != "":
		tenant, err := cfg.Tenant(v.tenant)
		if err != nil {
			return nil, err
		}
		return []string{tenant.ID}, nil
	}
	var ids []string
	for _, tenant := range cfg.Tenants {
		ids = append(ids, tenant.ID)
	}
	return ids, nil
}

func (a *app) verifyBundle(path string, v verification, trust signing.Trust, ofTenant func(id string) error) error {
	if _, err := os.Stat(filepath.Join(path, scan.ResultFile)); err == nil {
		return usage(fmt.Errorf("%s is the folder of a scan; name %s or %s", path, filepath.Join(path, scan.EvidenceFolder), filepath.Join(path, scan.ResultFile)))
	}
	bundle, done, err := v.bundle(path, trust)
	if err != nil {
		return err
	}
	defer done() //nolint:errcheck // a temporary folder, which the system clears
	manifest := bundle.Manifest
	if err := ofTenant(manifest.Tenant.ID); err != nil {
		return err
	}
	bundle.Dir = path
	chain, err := v.follow(bundle, trust)
	if err != nil {
		return err
	}
	objects, incomplete := 0, 0
	for _, entry := range manifest.Kinds {
		objects += entry.Objects
		if !entry.Complete {
			incomplete++
		}
	}
	pseudonyms := ""
	if manifest.Pseudonyms != "" {
		pseudonyms = "names    pseudonyms of the key " + manifest.Pseudonyms + "\n"
	}
	_, err = fmt.Fprintf(a.Stdout, "%s is as it was written\nsigned   %s\ntenant   %s (%s, %s)\nread     %s to %s%s\nholds    %s, %s; %s incomplete, %s\ndigest   %s\nbefore   %s\n%s",
		path, signedBy(bundle.Signers), reports.Visible(manifest.Tenant.Name), reports.Visible(manifest.Tenant.ID), reports.Visible(manifest.Tenant.Cloud),
		manifest.Started.Format(timeForm), manifest.Finished.Format(timeForm), resumed(manifest),
		count(len(manifest.Kinds), "kind"), count(objects, "object"), count(incomplete, "kind"), count(len(manifest.Gaps), "gap"), manifest.Digest(), reports.Visible(chain), pseudonyms)
	return err
}

// follow checks a bundle's place in its chain, and says which it is.
func (v verification) follow(bundle *evidence.Bundle, trust signing.Trust) (string, error) {
	previous := bundle.Manifest.Previous
	if v.previous != "" {
		earlier, err := v.open(v.previous, trust)
		if err != nil {
			return "", err
		}
		if err := bundle.Follows(earlier); err != nil {
			return "", err
		}
	}
	if v.chain != "" {
		others, err := v.bundlesIn(v.chain, bundle.Dir, trust)
		if err != nil {
			return "", err
		}
		chain, err := evidence.Chain(bundle, others)
		if err != nil {
			return "", err
		}
		first := chain[len(chain)-1]
		says := fmt.Sprintf("%s, back to %s of %s", count(len(chain)-1, "bundle"), first.Dir, first.Manifest.Started.Format(timeForm))
		if len(chain) > 1 && first.Manifest.Previous != "" {
			says += ", which names one that is not there"
		}
		unsigned := 0
		for _, earlier := range chain {
			if len(earlier.Signers) == 0 {
				unsigned++
			}
		}
		if unsigned > 0 && len(bundle.Signers) > 0 {
			says += fmt.Sprintf("; %d of them unsigned", unsigned)
		}
		return says, nil
	}
	switch {
	case previous == "":
		return "none named", nil
	case v.previous != "":
		return v.previous + ", as named", nil
	default:
		return "digest " + previous + ", not checked", nil
	}
}

func (a *app) verifyResult(path string, v verification, trust signing.Trust, ofTenant func(id string) error) error {
	result, digest, signers, err := scan.VerifyResult(path, trust)
	if err == nil {
		err = v.demand(path, signers)
	}
	if err != nil {
		return bundleError(err)
	}
	if err := ofTenant(result.Tenant.ID); err != nil {
		return err
	}
	return a.unchanged(path, signers, "tenant   %s (%s, %s)\nof       evidence %s\nsha256   %s\n",
		reports.Visible(result.Tenant.Name), reports.Visible(result.Tenant.ID), reports.Visible(result.Tenant.Cloud), result.Digests.Evidence, digest)
}

func (a *app) verifyAttestation(path string, v verification, trust signing.Trust, ofTenant func(id string) error) error {
	tenants, signers, err := scan.VerifyAttestation(path, trust)
	if err == nil {
		err = v.demand(path, signers)
	}
	if err != nil {
		return bundleError(err)
	}
	for _, id := range tenants {
		if err := ofTenant(id); err != nil {
			return err
		}
	}
	return a.unchanged(path, signers, "tenant   %s\n", reports.Visible(strings.Join(tenants, ", ")))
}

// approvalsOf are those whose approvals count of a tenant, by its id, as far as the
// configuration, which may be nil, says.
func approvalsOf(cfg *config.Config, id string, trust signing.Trust) (scan.Approvals, error) {
	if cfg == nil {
		return scan.Approvals{Authors: trust}, nil
	}
	tenant, err := cfg.Tenant(id)
	if err != nil {
		return scan.Approvals{}, usage(err)
	}
	counts, err := approvals(cfg, tenant)
	counts.Authors = trust // with the keys that whoever verifies names besides
	return counts, err
}

func (a *app) verifyPlan(path string, v verification, cfg *config.Config, trust signing.Trust, ofTenant func(id string) error) error {
	text, plan, err := readPlan(path)
	if err != nil {
		return usage(err)
	}
	if err := ofTenant(plan.Tenant.ID); err != nil {
		return err
	}
	approvals, err := approvalsOf(cfg, plan.Tenant.ID, trust)
	if err != nil {
		return err
	}
	_, signers, err := scan.VerifyPlan(path, text, slices.Concat(trust, approvals.Approvers))
	if err == nil {
		err = v.demand(path, signers)
	}
	if err != nil {
		return bundleError(err)
	}
	said := "by nobody"
	switch _, err := os.Lstat(scan.ApprovalOf(path)); {
	case err != nil:
	case len(approvals.Approvers) == 0:
		said = "not checked; --config names whose approval counts"
	default:
		approval, err := approvals.Approved(path, text)
		if err != nil {
			return &exitError{exitViolations, fmt.Errorf("%s: the approval: %w", scan.ApprovalOf(path), err)}
		}
		said = approvedBy(approval)
	}
	return a.unchanged(path, signers, "tenant   %s (%s)\nof       evidence %s\nexpires  %s\napproved %s\nsha256   %x\n",
		reports.Visible(plan.Tenant.Name), reports.Visible(plan.Tenant.ID), plan.Digests.Evidence, plan.Expires.Format(timeForm), said, sha256.Sum256(text))
}

// approvedBy says who approved a plan; nil for nobody.
func approvedBy(approval *findings.Approval) string {
	if approval == nil {
		return "by nobody"
	}
	return fmt.Sprintf("by %s on %s: %s", reports.Visible(approval.By), approval.Time.Format(timeForm), reports.Visible(approval.Reason))
}

func (a *app) verifyRun(path string, v verification, cfg *config.Config, trust signing.Trust, ofTenant func(id string) error) error {
	run, err := a.readRun(path, cfg, trust)
	if err == nil {
		err = v.demand(path, run.Signers)
	}
	if err != nil {
		return bundleError(err)
	}
	if err := ofTenant(run.Tenant.ID); err != nil {
		return err
	}
	if cfg != nil && run.Run.Kind == "apply" && run.Run.Approval == nil {
		tenant, err := cfg.Tenant(run.Tenant.ID)
		if err != nil {
			return usage(err)
		}
		if cfg.RequireApproval(tenant) {
			return &exitError{exitViolations, fmt.Errorf("%s: nobody approved the plan, and the configuration's remediation.require_approval demands it", path)}
		}
	}
	approved := approvedBy(run.Run.Approval)
	if run.Run.Kind == "rollback" {
		approved = "not by itself, as a rollback need not be"
	}
	verified := "no, as nothing had to be"
	if run.Run.Evidence != "" {
		verified = "by evidence " + run.Run.Evidence
	}
	return a.unchanged(path, run.Signers, "tenant   %s (%s)\nran      %s, %s to %s\nplan     %s, by %s\napproved %s\nverified %s\nsha256   %s\n",
		reports.Visible(run.Tenant.Name), reports.Visible(run.Tenant.ID), run.Run.Kind, run.Run.Began.Format(timeForm), run.Run.Ended.Format(timeForm),
		run.Run.Plan, cmp.Or(reports.Visible(run.Run.Author), "nobody named"), approved, verified, run.Digest)
}

// readRun reads the record of a run, and checks it and what it names. cfg may be nil.
func (a *app) readRun(path string, cfg *config.Config, trust signing.Trust) (*scan.Recorded, error) {
	return scan.VerifyRun(path, trust, func(id string) (scan.Approvals, error) { return approvalsOf(cfg, id, trust) })
}

// unchanged says that a file is as it was signed, or that nobody signed it.
func (a *app) unchanged(path string, signers []signing.Signer, format string, args ...any) error {
	verdict := "is as it was signed"
	if len(signers) == 0 {
		verdict = "can be read; nothing tells whether it was changed"
	}
	if _, err := fmt.Fprintf(a.Stdout, "%s %s\nsigned   %s\n", path, verdict, signedBy(signers)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.Stdout, format, args...)
	return err
}

// signedBy says who signed something.
func signedBy(signers []signing.Signer) string {
	if len(signers) == 0 {
		return "no: hashes alone guard against damage, not against forgery"
	}
	var names []string
	for _, signer := range signers {
		names = append(names, reports.Visible(signer.String()))
	}
	said := "by " + strings.Join(names, " and ")
	if !signers[0].Trusted {
		said += ", says the signature; no trusted key is named to check that with"
	}
	return said
}

// resumed says how often a collection was gone on with, if at all.
func resumed(m evidence.Manifest) string {
	if len(m.Resumed) == 0 {
		return ""
	}
	return ", resumed " + count(len(m.Resumed), "time")
}

const timeForm = "2006-01-02 15:04:05 MST"

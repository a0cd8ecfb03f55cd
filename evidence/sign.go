package evidence

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/domicile-audit/domicile/internal/signing"
)

// predicate is what a bundle's signature says of it besides the hashes of its files
// (signing.Bundle).
type predicate struct {
	Tenant   Tenant    `json:"tenant"`
	Tool     string    `json:"tool"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	// Digest is the bundle's, Previous that of the bundle before it, if any.
	Digest   string `json:"digest"`
	Previous string `json:"previous,omitempty"`
	// Complete says that everything that was asked for was read whole.
	Complete bool `json:"complete"`
}

func (m *Manifest) predicate() predicate {
	return predicate{
		Tenant: m.Tenant, Tool: m.Tool, Started: m.Started, Finished: m.Finished,
		Digest: m.Digest(), Previous: m.Previous, Complete: m.Complete(),
	}
}

// Complete says that every kind that was asked for was read whole.
func (m *Manifest) Complete() bool {
	return !slices.ContainsFunc(m.Asked, func(kind string) bool {
		gap, lacks := m.GapOf(kind)
		return lacks && gap.Reason != NoEarlierResult
	})
}

// files are the sha256 of all files of a bundle by name, those of the manifest's own given.
func (m *Manifest) files(own map[string]string) map[string]string {
	sums := maps.Clone(own)
	sums[requestsFile] = m.RequestsSHA256
	for _, entry := range m.Kinds {
		sums[entry.File] = entry.SHA256
	}
	return sums
}

// sign returns the envelope of a statement about all files of the bundle.
func (m *Manifest) sign(key *signing.Key, own map[string]string) ([]byte, error) {
	sums := m.files(own)
	var subjects []signing.Subject
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		subjects = append(subjects, signing.Subject{Name: name, Digest: signing.Digest{SHA256: sums[name]}})
	}
	statement, err := signing.NewStatement(signing.Bundle, m.predicate(), subjects...)
	if err != nil {
		return nil, err
	}
	return signing.Sign(key, statement)
}

// Authenticate checks the bundle's signature, if it has one: that a trusted key made it, and
// that it was made for this manifest. It sets Signers; without any trusted key they are
// those that the signature claims. What is wrong is a *TamperedError. The kinds' files are
// not read (see Verify): the manifest names their hashes.
func (b *Bundle) Authenticate(trust signing.Trust) error {
	data, err := readLimited(filepath.Join(b.Dir, signatureFile), signing.MaxEnvelope)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("verifying evidence %s: %w", b.Dir, err)
	}
	statement, signers, err := signing.Verify(data, signing.Bundle, trust)
	if err != nil {
		return fmt.Errorf("verifying evidence %s: %w", b.Dir, &TamperedError{signatureFile, err.Error()})
	}
	if err := b.holds(statement); err != nil {
		return fmt.Errorf("verifying evidence %s: %w", b.Dir, err)
	}
	b.Signers = signers
	return nil
}

// holds says where the bundle differs from what was signed, if anywhere.
func (b *Bundle) holds(statement signing.Statement) error {
	var about predicate
	if err := json.Unmarshal(statement.Predicate, &about); err != nil {
		return &TamperedError{signatureFile, "what it says of the bundle can't be read"}
	}
	if m := b.Manifest; about.Tenant.ID != m.Tenant.ID || !about.Started.Equal(m.Started) {
		return &TamperedError{signatureFile, fmt.Sprintf("it was made for the bundle of tenant %s of %s, and %s says tenant %s and %s",
			about.Tenant.ID, about.Started.Format(time.RFC3339), manifestFile, m.Tenant.ID, m.Started.Format(time.RFC3339))}
	}
	signed := map[string]string{}
	for _, subject := range statement.Subject {
		if _, twice := signed[subject.Name]; twice {
			return &TamperedError{signatureFile, fmt.Sprintf("it names %q twice", subject.Name)}
		}
		signed[subject.Name] = subject.Digest.SHA256
	}
	sums := b.Manifest.files(b.sums)
	// The manifest comes last: a kind whose hash was changed there is what is wrong.
	names := slices.SortedFunc(maps.Keys(sums), func(x, y string) int {
		return cmp.Or(cmp.Compare(len(b.sums[x]), len(b.sums[y])), cmp.Compare(x, y))
	})
	for _, name := range names {
		switch sum, named := signed[name]; {
		case !named:
			return &TamperedError{name, "the bundle's signature does not name it"}
		case sum != sums[name] && name != manifestFile && name != sumFile:
			return &TamperedError{name, "its sha256 in " + manifestFile + " is not the one that was signed"}
		case sum != sums[name]:
			return &TamperedError{name, "its sha256 is not the one that was signed"}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(signed)) {
		if _, held := sums[name]; !held {
			return &TamperedError{signatureFile, fmt.Sprintf("it names %q, which the bundle does not hold", name)}
		}
	}
	var compact bytes.Buffer
	said, err := json.Marshal(b.Manifest.predicate())
	if err == nil {
		err = json.Compact(&compact, statement.Predicate)
	}
	if err != nil || !bytes.Equal(compact.Bytes(), said) {
		return &TamperedError{signatureFile, "what it says of the bundle is not what " + manifestFile + " says"}
	}
	return nil
}

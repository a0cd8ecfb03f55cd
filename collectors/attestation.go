package collectors

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/signing"
)

// attestationsKind is the kind of the statements. It is always there and complete: no
// statement is a finding of the rules that want one, never a gap.
const attestationsKind = "attestations"

// attestationVersion is the format version of statements that is read.
const attestationVersion = 1

// Limits of what is read.
const (
	maxAttestationFiles      = 1000
	maxAttestationBytes      = 64 << 10
	maxAttestationStatements = 100
)

// statement is one statement as a file holds it.
type statement struct {
	SchemaVersion *int      `yaml:"schemaVersion"`
	TenantID      string    `yaml:"tenantId"`
	Cloud         string    `yaml:"cloud"`
	Fact          string    `yaml:"fact"`
	Value         any       `yaml:"value"`
	ObservedAt    string    `yaml:"observedAt"`
	ObservedBy    observer  `yaml:"observedBy"`
	Reviewer      reviewer  `yaml:"reviewer"`
	Method        string    `yaml:"method"`
	Artefacts     artefacts `yaml:"artefacts"`
	ValidUntil    string    `yaml:"validUntil"`
}

// observer is who saw the fact.
type observer struct {
	UPN            string `yaml:"upn" json:"upn"`
	ObjectID       string `yaml:"objectId" json:"objectId"`
	RoleTemplateID string `yaml:"roleTemplateId" json:"roleTemplateId,omitempty"`
}

// reviewer is who checked the statement.
type reviewer struct {
	UPN      string `yaml:"upn" json:"upn"`
	ObjectID string `yaml:"objectId" json:"objectId"`
}

// artefact is what the statement rests on: a screenshot, a document, an output.
type artefact struct {
	SHA256      string `yaml:"sha256" json:"sha256"`
	MediaType   string `yaml:"mediaType" json:"mediaType,omitempty"`
	Description string `yaml:"description" json:"description,omitempty"`
}

type artefacts []artefact

// attestationObject is a line of the kind attestations. Times that can't be read are
// null; the check named dates then says why.
type attestationObject struct {
	SchemaVersion int                `json:"schemaVersion"`
	File          string             `json:"file"`
	SHA256        string             `json:"sha256"`
	TenantID      string             `json:"tenantId"`
	Cloud         string             `json:"cloud"`
	Fact          string             `json:"fact"`
	Value         any                `json:"value"`
	ObservedAt    *string            `json:"observedAt"`
	ObservedBy    observer           `json:"observedBy"`
	Reviewer      reviewer           `json:"reviewer"`
	Method        string             `json:"method"`
	Artefacts     artefacts          `json:"artefacts"`
	ValidUntil    *string            `json:"validUntil"`
	Signed        bool               `json:"signed"`
	Checks        []attestationCheck `json:"checks"`
}

// ReadAttestations reads the statements of people: YAML files with one statement each,
// or several under statements. It returns the kind attestations, complete whatever the
// statements are worth and empty for no files: each object carries its checks, and a
// statement that fails one is kept with the failed check. The objects are ordered by file
// and by their place in it.
//
// A file's envelope says who signed it. A statement is signed where the key of one of its
// two people, by the name that the key is trusted under, made a signature that holds.
//
// Errors, each with the file and the line: YAML that can't be parsed, an unknown key, a
// version that isn't read; and files or statements beyond the limits.
func ReadAttestations(files []File, o ImportOptions) (Imported, error) {
	imported := Imported{
		Kind: attestationsKind, Objects: []json.RawMessage{}, Tier: evidence.Attested,
		Complete: true, API: "import: attestations",
	}
	if len(files) > maxAttestationFiles {
		return Imported{}, fmt.Errorf("reading attestations: %d files are more than the %d that are read; put several statements into one file", len(files), maxAttestationFiles)
	}
	sorted := slices.SortedStableFunc(slices.Values(files), func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	for _, file := range sorted {
		statements, err := parseStatements(file.Data)
		if err != nil {
			return Imported{}, fmt.Errorf("reading attestation %s: %w", file.Name, err)
		}
		sum := sha256.Sum256(file.Data)
		signatures := readSignatures(file, signing.Attestation, o.Trust)
		for _, s := range statements {
			object, err := json.Marshal(attestationOf(file.Name, hex.EncodeToString(sum[:]), s, signatures.of(s), o))
			if err != nil {
				return Imported{}, fmt.Errorf("reading attestation %s: writing the statement about %q: %w", file.Name, s.Fact, err)
			}
			imported.Objects = append(imported.Objects, object)
		}
	}
	return imported, nil
}

// attestationOf checks a statement and writes it down. The checks come first: they
// rewrite the times of a value that fits.
func attestationOf(file, sum string, s statement, signature signatureCheck, o ImportOptions) attestationObject {
	checks := append(checkStatement(s, o), attestationCheck{Name: "signature", OK: signature.ok, Message: signature.says})
	if s.Artefacts == nil {
		s.Artefacts = artefacts{}
	}
	return attestationObject{
		SchemaVersion: *s.SchemaVersion, File: file, SHA256: sum,
		TenantID: s.TenantID, Cloud: s.Cloud, Fact: s.Fact, Value: s.Value,
		ObservedAt: timeOrNull(s.ObservedAt), ObservedBy: s.ObservedBy, Reviewer: s.Reviewer,
		Method: s.Method, Artefacts: s.Artefacts, ValidUntil: timeOrNull(s.ValidUntil),
		Signed: signature.signed, Checks: checks,
	}
}

func timeOrNull(text string) *string {
	written := normalTime(text)
	if written == "" {
		return nil
	}
	return &written
}

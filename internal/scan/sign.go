package scan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/signing"
)

// envelopeEnding ends the name of the file that holds the signatures of another.
const envelopeEnding = ".dsse.json"

// envelopeOf is where the signatures of a result or an attestation stand: result.dsse.json
// for result.json.
func envelopeOf(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + envelopeEnding
}

// ReadEnvelope reads the signatures beside a file; nil where there are none.
func ReadEnvelope(path string) ([]byte, error) { return readEnvelope(envelopeOf(path)) }

// readEnvelope reads a file of signatures; nil where there is none.
func readEnvelope(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && !info.Mode().IsRegular() { // nobody named it: a pipe there may never end
		return nil, wrong(path, "it is not a regular file")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the signature %s: %w", path, err)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the signature %s: %w", path, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, signing.MaxEnvelope+1))
	if err != nil {
		return nil, fmt.Errorf("reading the signature %s: %w", path, err)
	}
	return data, nil
}

// resultPredicate is what a result's signature says of it besides its hash (signing.Result).
type resultPredicate struct {
	Tool    string          `json:"tool"`
	Tenant  evidence.Tenant `json:"tenant"`
	Digests resultDigests   `json:"digests"`
}

// resultDigests name what the verdicts rest on, as the result does.
type resultDigests struct {
	Evidence string `json:"evidence"`
	Policies string `json:"policies"`
	Params   string `json:"params"`
	Waivers  string `json:"waivers"`
	Previous string `json:"previous"`
}

func predicateOf(result *findings.Result) resultPredicate {
	d := result.Digests
	return resultPredicate{
		Tool: toolText(result.Tool), Tenant: evidence.Tenant(result.Tenant),
		Digests: resultDigests{Evidence: d.Evidence, Policies: d.Policies, Params: d.Params, Waivers: d.Waivers, Previous: d.Previous},
	}
}

func signResult(path string, result *findings.Result, key *signing.Key) error {
	digest := sha256.New()
	if err := result.Write(digest); err != nil {
		return err
	}
	return signFile(path, hex.EncodeToString(digest.Sum(nil)), signing.Result, predicateOf(result), key)
}

// signFile writes the envelope of a statement about one file.
func signFile(path, sum, predicateType string, predicate any, key *signing.Key) error {
	statement, err := signing.NewStatement(predicateType, predicate, signing.Subject{Name: filepath.Base(path), Digest: signing.Digest{SHA256: sum}})
	if err != nil {
		return err
	}
	envelope, err := signing.Sign(key, statement)
	if err != nil {
		return err
	}
	return writeEnvelope(path, envelope)
}

func writeEnvelope(path string, envelope []byte) error {
	return WriteFile(envelopeOf(path), func(w io.Writer) error { _, err := w.Write(envelope); return err })
}

// VerifyResult reads a result.json and checks the signature beside it, if there is one:
// that a trusted key made it, and of this file. What is wrong with a signature is an
// *evidence.TamperedError. It returns the file's lower-case hex sha256 and who signed, too.
func VerifyResult(path string, trust signing.Trust) (*findings.Result, string, []signing.Signer, error) {
	result, digest, err := readResult(path)
	if err != nil {
		return nil, "", nil, err
	}
	envelope, err := ReadEnvelope(path)
	if err != nil {
		return nil, "", nil, err
	}
	signers, err := checkResult(result, path, digest, envelope, trust)
	if err != nil {
		return nil, "", nil, err
	}
	return result, digest, signers, nil
}

// checkResult checks the signatures of a result, whose file at a path has a sha256.
func checkResult(result *findings.Result, path, digest string, envelope []byte, trust signing.Trust) ([]signing.Signer, error) {
	statement, signers, err := verifyEnvelope(envelope, path, digest, signing.Result, trust)
	if err != nil {
		return nil, err
	}
	var said resultPredicate
	if len(signers) > 0 && (json.Unmarshal(statement.Predicate, &said) != nil || said != predicateOf(result)) {
		return nil, wrong(envelopeOf(path), "what it says of the result is not what the result says")
	}
	return signers, nil
}

// verifyFile checks the signatures beside a file of the given sha256; without any, nil, there
// are no signers.
func verifyFile(path, sum, predicateType string, trust signing.Trust) (signing.Statement, []signing.Signer, error) {
	envelope, err := ReadEnvelope(path)
	if err != nil {
		return signing.Statement{}, nil, err
	}
	return verifyEnvelope(envelope, path, sum, predicateType, trust)
}

// verifyEnvelope checks the signatures of a file at a path; without any, there are
// no signers.
func verifyEnvelope(envelope []byte, path, sum, predicateType string, trust signing.Trust) (signing.Statement, []signing.Signer, error) {
	if envelope == nil {
		return signing.Statement{}, nil, nil
	}
	statement, signers, err := signing.Verify(envelope, predicateType, trust)
	if err != nil {
		return statement, nil, wrong(envelopeOf(path), err.Error())
	}
	if len(statement.Subject) != 1 || statement.Subject[0].Digest.SHA256 != sum {
		return statement, nil, wrong(path, "it is not the file that was signed in "+filepath.Base(envelopeOf(path)))
	}
	return statement, signers, nil
}

func wrong(path, what string) error {
	return fmt.Errorf("verifying %s: %w", path, &evidence.TamperedError{File: filepath.Base(path), What: what})
}

// attestationPredicate is what the signature of a file of attestations says of it besides
// its hash (signing.Attestation).
type attestationPredicate struct {
	Tool string `json:"tool"`
}

// SignAttestation signs a file of attestations, and returns where the signature stands.
// Signatures that others made of the same text stay; those of another text give way.
func SignAttestation(path, tool string, key *signing.Key) (string, error) {
	if _, _, err := VerifyAttestation(path, nil); errors.As(err, new(*evidence.TamperedError)) {
		if err := os.Remove(envelopeOf(path)); err != nil {
			return "", err
		}
	} else if err != nil {
		return "", err
	}
	file, err := ReadAttestation(path)
	if err != nil {
		return "", err
	}
	if file.Envelope == nil {
		return envelopeOf(path), signFile(path, sumOf(file.Data), signing.Attestation, attestationPredicate{tool}, key)
	}
	envelope, err := signing.Add(key, file.Envelope)
	if err != nil {
		return "", err
	}
	return envelopeOf(path), writeEnvelope(path, envelope)
}

// VerifyAttestation reads a file of attestations and checks the signatures beside it, if
// there are any, as VerifyResult does. It returns the tenants that its statements are about,
// and who signed.
func VerifyAttestation(path string, trust signing.Trust) (tenants []string, signers []signing.Signer, err error) {
	file, err := ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("reading attestation: %w", err)
	}
	read, err := collectors.ReadAttestations([]collectors.File{file}, collectors.ImportOptions{})
	if err != nil {
		return nil, nil, err
	}
	for _, object := range read.Objects {
		var statement struct {
			TenantID string `json:"tenantId"`
		}
		if err := json.Unmarshal(object, &statement); err != nil {
			return nil, nil, err
		}
		tenants = append(tenants, statement.TenantID)
	}
	_, signers, err = verifyFile(path, sumOf(file.Data), signing.Attestation, trust)
	return sortedSet(tenants), signers, err
}

// ReadAttestation reads a file of attestations and the signatures beside it.
func ReadAttestation(path string) (collectors.File, error) {
	file, err := ReadFile(path)
	if err != nil {
		return file, err
	}
	file.Envelope, err = ReadEnvelope(path)
	return file, err
}

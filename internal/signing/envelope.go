// Package signing signs statements and checks who signed them.
//
// A statement says of files, by name and sha256, what they are. In go the statement and a
// key; out comes an envelope that other tools can check: DSSE around an in-toto Statement.
// Back go an envelope and the keys that are trusted; out come the statement and who signed
// it. The package reads no file, no environment and no clock, and shows no private key.
package signing

import (
	"encoding/base64"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// MaxEnvelope bounds an envelope that is read.
const MaxEnvelope = 16 << 20

// Limits on the signatures of an envelope, and on the id of the key of one.
const (
	maxSignatures = 16
	maxKeyID      = 200
)

// payloadType is DSSE's name for an in-toto statement.
const payloadType = "application/vnd.in-toto+json"

// statementType is in-toto's name for its Statement v1.
const statementType = "https://in-toto.io/Statement/v1"

// The types of the statements, which say what the predicate holds. docs/signing.md
// describes them; another shape has another number.
const (
	Bundle      = "https://github.com/domicile-audit/domicile/bundle/v1"
	Result      = "https://github.com/domicile-audit/domicile/result/v1"
	Attestation = "https://github.com/domicile-audit/domicile/attestation/v1"
	Plan        = "https://github.com/domicile-audit/domicile/plan/v1"
	Approval    = "https://github.com/domicile-audit/domicile/approval/v1"
	Remediation = "https://github.com/domicile-audit/domicile/remediation/v1"
)

// Statement is an in-toto Statement: what is said of which files.
type Statement struct {
	Type          string             `json:"_type"`
	Subject       []Subject          `json:"subject"`
	PredicateType string             `json:"predicateType"`
	Predicate     stdjson.RawMessage `json:"predicate"`
}

// Subject is a file that a statement is about.
type Subject struct {
	Name   string `json:"name"`
	Digest Digest `json:"digest"`
}

// Digest is a file's lower-case hex sha256.
type Digest struct {
	SHA256 string `json:"sha256"`
}

// NewStatement says a predicate of a type about files.
func NewStatement(predicateType string, predicate any, subjects ...Subject) (Statement, error) {
	data, err := stdjson.Marshal(predicate)
	if err != nil {
		return Statement{}, fmt.Errorf("writing the predicate: %w", err)
	}
	return Statement{Type: statementType, Subject: subjects, PredicateType: predicateType, Predicate: data}, nil
}

// envelope is a DSSE envelope.
type envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     string      `json:"payload"`
	Signatures  []signature `json:"signatures"`
}

type signature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"`
}

// Sign returns the envelope of a statement with the key's signature, as JSON.
func Sign(key *Key, statement Statement) ([]byte, error) {
	payload, err := stdjson.Marshal(statement)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return envelope{PayloadType: payloadType, Payload: base64.StdEncoding.EncodeToString(payload)}.signed(key, payload)
}

// Add returns an envelope with the key's signature besides those that it has. One that
// the key has there already gives way.
func Add(key *Key, data []byte) ([]byte, error) {
	e, payload, err := open(data)
	if err != nil {
		return nil, err
	}
	return e.signed(key, payload)
}

func (e envelope) signed(key *Key, payload []byte) ([]byte, error) {
	sig, err := key.sign(preAuthentication(payload))
	if err != nil {
		return nil, fmt.Errorf("signing with %s: %w", key, err)
	}
	e.Signatures = slices.DeleteFunc(e.Signatures, func(earlier signature) bool { return earlier.KeyID == key.id })
	e.Signatures = append(e.Signatures, signature{KeyID: key.id, Sig: base64.StdEncoding.EncodeToString(sig)})
	if len(e.Signatures) > maxSignatures {
		return nil, fmt.Errorf("signing with %s: there are %d signatures already", key, maxSignatures)
	}
	data, err := stdjson.MarshalIndent(e, "", "  ")
	return append(data, '\n'), err
}

// preAuthentication is DSSE's encoding of what is signed (PAE).
func preAuthentication(payload []byte) []byte {
	return fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload)
}

// open reads an envelope without checking a signature. Fields that it doesn't know are
// passed over, as DSSE demands; a name that stands twice is an error.
func open(data []byte) (envelope, []byte, error) {
	var e envelope
	if len(data) > MaxEnvelope {
		return e, nil, fmt.Errorf("it is larger than %d bytes", MaxEnvelope)
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return e, nil, errors.New("it is not a DSSE envelope in JSON")
	}
	switch {
	case e.PayloadType != payloadType:
		return e, nil, fmt.Errorf("its payload is of the type %q and not %s", e.PayloadType, payloadType)
	case len(e.Signatures) == 0:
		return e, nil, errors.New("there is no signature in it")
	case len(e.Signatures) > maxSignatures:
		return e, nil, fmt.Errorf("it has more than %d signatures", maxSignatures)
	}
	for _, s := range e.Signatures {
		if len(s.KeyID) > maxKeyID {
			return e, nil, fmt.Errorf("a key's id in it is longer than %d bytes", maxKeyID)
		}
	}
	payload, err := decodeBase64(e.Payload)
	if err != nil {
		return e, nil, errors.New("its payload is not base64")
	}
	return e, payload, nil
}

// decodeBase64 reads either alphabet, as DSSE demands.
func decodeBase64(text string) ([]byte, error) {
	encoding := base64.StdEncoding
	if strings.ContainsAny(text, "-_") {
		encoding = base64.URLEncoding
	}
	return encoding.Strict().DecodeString(text)
}

// Signer is who signed. Without a trusted key nothing but the id is known, and that only as
// the envelope claims it.
type Signer struct {
	KeyID   string `json:"keyid"`
	Name    string `json:"name,omitempty"`
	Trusted bool   `json:"trusted"`
}

// String names the signer for people.
func (s Signer) String() string {
	if s.Name == "" {
		return "key " + s.KeyID
	}
	return s.Name + " (key " + s.KeyID + ")"
}

// Trust are the keys that are trusted.
type Trust []PublicKey

// Has says whether the key of an id is trusted.
func (t Trust) Has(id string) bool {
	_, has := t.Key(id)
	return has
}

// With are these keys and others. A key that is among them already is not there twice; it
// gets a name if it had none. One that two names are given to is there for each: which of
// them it is a signature doesn't tell.
func (t Trust) With(others Trust) Trust {
	all := slices.Clone(t)
	for _, key := range others {
		at := slices.IndexFunc(all, func(known PublicKey) bool {
			return known.ID == key.ID && (known.Name == "" || key.Name == "" || known.Name == key.Name)
		})
		switch {
		case at < 0:
			all = append(all, key)
		case all[at].Name == "":
			all[at].Name = key.Name
		}
	}
	return all
}

// Key returns the trusted key of an id, and whether there is one.
func (t Trust) Key(id string) (PublicKey, bool) {
	for _, key := range t {
		if key.ID == id {
			return key, true
		}
	}
	return PublicKey{}, false
}

// Verify reads an envelope and returns its statement, of the type that is expected, and who
// signed it: the trusted keys whose signature holds. An error is that there are none. Where
// no key is trusted at all nothing can be checked, and the signers are those that the
// envelope claims, none of them trusted.
func Verify(data []byte, predicateType string, trust Trust) (Statement, []Signer, error) {
	e, payload, err := open(data)
	if err != nil {
		return Statement{}, nil, err
	}
	signers, err := e.signers(payload, trust)
	if err != nil {
		return Statement{}, nil, err
	}
	var s Statement
	if err := json.Unmarshal(payload, &s); err != nil {
		return Statement{}, nil, errors.New("what is signed is not an in-toto statement in JSON")
	}
	switch {
	case s.Type != statementType:
		return Statement{}, nil, fmt.Errorf("what is signed is of the type %q and not %s", s.Type, statementType)
	case s.PredicateType != predicateType:
		return Statement{}, nil, fmt.Errorf("what is signed is a statement of the type %q and not %s", s.PredicateType, predicateType)
	}
	return s, signers, nil
}

func (e envelope) signers(payload []byte, trust Trust) ([]Signer, error) {
	var signers []Signer
	if len(trust) == 0 {
		for _, s := range e.Signatures {
			signers = append(signers, Signer{KeyID: s.KeyID})
		}
		return signers, nil
	}
	message := preAuthentication(payload)
	for _, key := range trust {
		for _, s := range e.Signatures {
			// The id in an envelope is a hint that nothing vouches for: the key decides.
			if sig, err := decodeBase64(s.Sig); err == nil && key.verifies(message, sig) {
				signers = append(signers, Signer{KeyID: key.ID, Name: key.Name, Trusted: true})
				break
			}
		}
	}
	if len(signers) > 0 {
		return signers, nil
	}
	for _, s := range e.Signatures {
		if key, known := trust.Key(s.KeyID); known {
			return nil, fmt.Errorf("the signature of %s does not hold: what was signed or the signature was changed", Signer{KeyID: key.ID, Name: key.Name})
		}
	}
	return nil, fmt.Errorf("it is signed by key %s, which is not trusted", e.Signatures[0].KeyID)
}

package collectors

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/internal/signing"
)

// signatures are who signed a file; wrong says what is wrong with its
// envelope, if anything.
type signatures struct {
	signers []signing.Signer
	wrong   string
}

// signatureCheck is what the check of a statement's signature finds.
type signatureCheck struct {
	signed, ok bool
	says       string
}

// readSignatures checks the envelope of a file, if it has one.
func readSignatures(file File, predicateType string, trust signing.Trust) signatures {
	if file.Envelope == nil {
		return signatures{}
	}
	sum := sha256.Sum256(file.Data)
	statement, signers, err := signing.Verify(file.Envelope, predicateType, trust)
	switch {
	case err != nil:
		return signatures{wrong: err.Error()}
	case len(statement.Subject) != 1 || statement.Subject[0].Digest.SHA256 != hex.EncodeToString(sum[:]):
		return signatures{wrong: "the file is not the one that was signed; have it signed again"}
	}
	return signatures{signers: signers}
}

// of checks the signature of one of the file's statements. One that nothing is known of is
// not held against it: it counts as unsigned.
func (s signatures) of(statement statement) signatureCheck {
	var signed []string
	for _, signer := range s.signers {
		for _, upn := range []string{statement.ObservedBy.UPN, statement.Reviewer.UPN} {
			if signer.Trusted && signer.Name != "" && strings.EqualFold(signer.Name, strings.TrimSpace(upn)) {
				signed = append(signed, signer.Name)
			}
		}
	}
	slices.Sort(signed)
	signed = slices.Compact(signed)
	switch {
	case s.wrong != "":
		return signatureCheck{says: s.wrong}
	case len(s.signers) == 0:
		return signatureCheck{ok: true, says: "unsigned"}
	case len(signed) > 0:
		return signatureCheck{signed: true, ok: true, says: "signed by " + strings.Join(signed, " and ")}
	case !s.signers[0].Trusted:
		return signatureCheck{ok: true, says: fmt.Sprintf("unsigned: no trusted key is configured to check the signature of %s with", s.signers[0])}
	default:
		return signatureCheck{ok: true, says: fmt.Sprintf("unsigned: it is signed by %s, which is not the key of observedBy or reviewer", s.signers[0])}
	}
}

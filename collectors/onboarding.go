package collectors

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/domicile-audit/domicile/evidence"
)

// Defender for Endpoint's onboarding package holds a body that Microsoft signed: the
// organisation's id and where its data rests. The portal gives it under Settings >
// Endpoints > Onboarding, Azure Resource Manager at Microsoft.Security/mdeOnboardings.
// Whoever holds the package can onboard devices, so that nothing but the body's fields,
// its hash and the signature's outcome leave this file.

const onboardingKind = "onboarding_package"

// The outcomes of the signature's check.
const (
	// signatureValid: Microsoft's key signed the body and a trusted root vouches for it.
	signatureValid = "valid"
	// signatureInvalid: the body isn't what was signed, or nothing that can be checked is there.
	signatureInvalid = "invalid"
	// signatureUnknownIssuer: the signature holds, but no trusted root vouches for its key.
	signatureUnknownIssuer = "unknown_issuer"
)

// onboardingObject is a line of the kind onboarding_package.
type onboardingObject struct {
	OrgID              string   `json:"orgId,omitempty"`
	PreviousOrgIDs     []string `json:"previousOrgIds"`
	Datacenter         string   `json:"datacenter,omitempty"`
	VortexGeoLocation  string   `json:"vortexGeoLocation,omitempty"`
	PartnerGeoLocation string   `json:"partnerGeoLocation,omitempty"`
	Version            string   `json:"version,omitempty"`
	Signature          string   `json:"signature"`
	Issuer             string   `json:"issuer,omitempty"`
	NotBefore          string   `json:"notBefore,omitempty"`
	NotAfter           string   `json:"notAfter,omitempty"`
	SHA256             string   `json:"sha256"`
}

// ParseOnboardingPackage reads an onboarding package in any of the forms in which it is
// handed out and returns an object of the kind onboarding_package. The forms are: the
// signed JSON itself; {"onboardingInfo": "<that JSON as a string>"}, as Linux and macOS
// keep it; the Windows .cmd script and the Linux .py script that hold either, escaped
// once or several times; Azure Resource Manager's answer; and base64 of any of them.
//
// A signature that doesn't hold is no error: the object's signature then says invalid or
// unknown_issuer. Errors: data that holds no package, or too much of it, and a package
// whose body isn't JSON.
func ParseOnboardingPackage(data []byte, o ImportOptions) (json.RawMessage, error) {
	object, err := parseOnboarding(data, o)
	if err != nil {
		return nil, err
	}
	return json.Marshal(object)
}

func parseOnboarding(data []byte, o ImportOptions) (onboardingObject, error) {
	found, err := unwrapPackage(data)
	if err != nil {
		return onboardingObject{}, fmt.Errorf("reading the onboarding package: %w", err)
	}
	body, ok := jsonObject([]byte(found.body))
	if !ok {
		return onboardingObject{}, errors.New("reading the onboarding package: its body is not a JSON object; download the package again")
	}
	sum := sha256.Sum256([]byte(found.body))
	object := onboardingObject{
		OrgID:              jsonText(body["orgId"]),
		PreviousOrgIDs:     []string{},
		Datacenter:         jsonText(body["datacenter"]),
		VortexGeoLocation:  jsonText(body["vortexGeoLocation"]),
		PartnerGeoLocation: jsonText(body["partnerGeoLocation"]),
		Version:            jsonText(body["version"]),
		SHA256:             hex.EncodeToString(sum[:]),
	}
	var previous []string
	if json.Unmarshal(body["previousOrgIds"], &previous) == nil && previous != nil {
		object.PreviousOrgIDs = previous
	}
	signer := checkPackage(found, o)
	object.Signature = signer.outcome
	if signer.leaf != nil {
		object.Issuer = signer.leaf.Issuer.CommonName
		object.NotBefore = signer.leaf.NotBefore.UTC().Format(time.RFC3339)
		object.NotAfter = signer.leaf.NotAfter.UTC().Format(time.RFC3339)
	}
	return object, nil
}

// packageMarks are words that only an onboarding package has in it, escaped or not.
var packageMarks = regexp.MustCompile(`onboardingInfo|sha256sig|OnboardingInfo|onboardingPackage(Windows|Linux)`)

func looksLikeOnboardingPackage(d importDocument) bool {
	if packageMarks.Match(d.text) {
		return true
	}
	_, err := unwrapPackage(d.text)
	return err == nil
}

// readOnboardingPackage imports a package. Its tier follows its signature: an issuer that
// nobody vouches for makes it no better than a file from a portal, and a broken signature
// no better than a statement.
func readOnboardingPackage(d importDocument, o ImportOptions) (Import, error) {
	object, err := parseOnboarding(d.text, o)
	if err != nil {
		return Import{}, err
	}
	line, err := json.Marshal(object)
	if err != nil {
		return Import{}, fmt.Errorf("writing the onboarding package: %w", err)
	}
	tiers := map[string]evidence.Tier{
		signatureValid:         evidence.Signed,
		signatureUnknownIssuer: evidence.Portal,
		signatureInvalid:       evidence.Attested,
	}
	return Import{Kinds: []Imported{{
		Kind: onboardingKind, Objects: []json.RawMessage{line}, Tier: tiers[object.Signature],
		Complete: true, API: "import: Defender for Endpoint onboarding package",
	}}}, nil
}

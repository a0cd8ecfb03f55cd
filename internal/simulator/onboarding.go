package simulator

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// onboarding describes Defender for Endpoint's onboarding package.
type onboarding struct {
	OrgID      string `yaml:"orgId"`
	Datacenter string `yaml:"datacenter"`
	// VortexGeoLocation is where telemetry goes, PartnerGeoLocation the gateway's.
	VortexGeoLocation  string `yaml:"vortexGeoLocation"`
	PartnerGeoLocation string `yaml:"partnerGeoLocation"`
	Version            string `yaml:"version"`
	// Signed is valid, or broken for a body that was changed after it was signed.
	Signed string `yaml:"signed"`
	// Source is arm, import for a file that WriteConfig writes, or none where nobody hands
	// the package out.
	Source string `yaml:"source"`
}

func (o *onboarding) check() error {
	if (o.Signed != "valid" && o.Signed != "broken") || !slices.Contains([]string{"arm", "import", "none"}, o.Source) {
		return fmt.Errorf("onboarding: signed is %q and source %q; want valid or broken, and arm, import or none", o.Signed, o.Source)
	}
	if o.OrgID == "" || o.Datacenter == "" || o.VortexGeoLocation == "" {
		return errors.New("onboarding: orgId, datacenter and vortexGeoLocation must be set")
	}
	return nil
}

// body is the signed text: the fields in the order of Microsoft's packages.
func (o *onboarding) body() (string, error) {
	geo := strings.ToLower(o.VortexGeoLocation)
	data, err := json.Marshal(struct {
		PreviousOrgIDs     []string `json:"previousOrgIds"`
		OrgID              string   `json:"orgId"`
		GeoLocationURL     string   `json:"geoLocationUrl"`
		Datacenter         string   `json:"datacenter"`
		VortexGeoLocation  string   `json:"vortexGeoLocation"`
		VortexServerURL    string   `json:"vortexServerUrl"`
		VortexTicketURL    string   `json:"vortexTicketUrl"`
		PartnerGeoLocation string   `json:"partnerGeoLocation"`
		Version            string   `json:"version"`
	}{
		PreviousOrgIDs: []string{}, OrgID: o.OrgID,
		GeoLocationURL: "https://edr-" + gateway(o.Datacenter) + "." + geo + ".endpoint.security.microsoft.com/edr/",
		Datacenter:     o.Datacenter, VortexGeoLocation: o.VortexGeoLocation,
		VortexServerURL:    "https://" + geo + "-v20.events.endpoint.security.microsoft.com/OneCollector/1.0",
		VortexTicketURL:    "https://events.data.microsoft.com",
		PartnerGeoLocation: o.PartnerGeoLocation, Version: o.Version,
	})
	return string(data), err
}

// gateway shortens a datacentre to the name of its gateway: WestEurope3 is weu3.
func gateway(datacenter string) string {
	return strings.NewReplacer("westeurope", "weu", "northeurope", "neu", "centralus", "cus", "eastus", "eus").
		Replace(strings.ToLower(datacenter))
}

// parcel is a signed onboarding package: the JSON that a device keeps.
type parcel struct{ blob []byte }

// pack signs the tenant's package with a leaf that the server's authority issues, as
// Microsoft's is by its own: RSA PKCS #1 v1.5 with SHA-256 over the bytes of the body,
// the signature stored with its bytes reversed.
func (s *Server) pack() (parcel, error) {
	o := s.tenant.doc.Onboarding
	body, err := o.body()
	if err != nil {
		return parcel{}, fmt.Errorf("making the onboarding package: %w", err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return parcel{}, fmt.Errorf("making the onboarding package's key: %w", err)
	}
	start := midnight(s.now).AddDate(0, 0, -30)
	leaf, err := s.ca.issue(&x509.Certificate{
		SerialNumber: big.NewInt(3),
		Subject:      pkix.Name{CommonName: "Seville.Windows.com"},
		NotBefore:    start,
		NotAfter:     start.AddDate(1, 0, 0).Add(-time.Second),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}, key.Public())
	if err != nil {
		return parcel{}, fmt.Errorf("making the onboarding package's certificate: %w", err)
	}
	signed := body
	if o.Signed == "broken" {
		signed += " "
	}
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		return parcel{}, fmt.Errorf("signing the onboarding package: %w", err)
	}
	slices.Reverse(signature)
	blob, err := json.Marshal(struct {
		Body  string   `json:"body"`
		Sig   string   `json:"sha256sig"`
		Cert  string   `json:"cert"`
		Chain []string `json:"chain"`
	}{
		body, base64.StdEncoding.EncodeToString(signature), base64.StdEncoding.EncodeToString(leaf),
		[]string{base64.StdEncoding.EncodeToString(s.ca.cert.Raw)},
	})
	return parcel{blob}, err
}

// windows is the package as the script that a device runs: the blob with its quotes and
// backslashes escaped for the command line.
func (p parcel) windows() []byte {
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(string(p.blob))
	lines := []string{
		"@echo off",
		"echo Starting Microsoft Defender for Endpoint onboarding process (simulated tenant)",
		`REG add "HKLM\SOFTWARE\Policies\Microsoft\Windows Advanced Threat Protection" /v OnboardingInfo /t REG_SZ /f /d "` + escaped + `"`,
		"exit /b 0",
		"",
	}
	return []byte(strings.Join(lines, "\r\n"))
}

// linux is the package as the file mdatp_onboard.json: the blob as a string in JSON.
func (p parcel) linux() []byte {
	data, err := json.Marshal(map[string]string{"onboardingInfo": string(p.blob)})
	if err != nil {
		panic(err) // strings always encode
	}
	return append(data, '\n')
}

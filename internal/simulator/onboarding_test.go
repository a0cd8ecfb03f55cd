package simulator_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// signedPackage is the JSON that an onboarding package keeps on a device.
type signedPackage struct {
	Body      string   `json:"body"`
	SHA256Sig string   `json:"sha256sig"`
	Cert      string   `json:"cert"`
	Chain     []string `json:"chain"`
}

const mdeOnboardings = "/arm/subscriptions/c1000000-0000-4000-8000-000000000001/providers/Microsoft.Security/mdeOnboardings"

// packages reads the package in both of its forms from an item of Azure's.
func packages(t *testing.T, item map[string]any) (windows, linux signedPackage) {
	t.Helper()
	properties, _ := item["properties"].(map[string]any)
	script := string(decode(t, text(properties["onboardingPackageWindows"])))
	_, escaped, found := strings.Cut(script, `/v OnboardingInfo /t REG_SZ /f /d "`)
	escaped, _, closed := strings.Cut(escaped, "\"\r\n")
	if !found || !closed {
		t.Fatalf("no OnboardingInfo in %q", script)
	}
	var blob string
	parse(t, `"`+escaped+`"`, &blob)
	parse(t, blob, &windows)
	var file struct{ OnboardingInfo string }
	parse(t, string(decode(t, text(properties["onboardingPackageLinux"]))), &file)
	parse(t, file.OnboardingInfo, &linux)
	return windows, linux
}

func parse(t *testing.T, data string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(data), into); err != nil {
		t.Fatalf("%v in %.100s", err, data)
	}
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// verify checks the signature as a client does, and the chain up to the authority.
func (p signedPackage) verify(t *testing.T, authority []byte) (leaf *x509.Certificate, signature error) {
	t.Helper()
	leaf, err := x509.ParseCertificate(decode(t, p.Cert))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		t.Fatal("no authority")
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: leaf.NotBefore, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		t.Errorf("the authority doesn't vouch for the leaf: %v", err)
	}
	key, ok := leaf.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() != 2048 {
		t.Fatalf("the leaf's key is %T", leaf.PublicKey)
	}
	reversed := decode(t, p.SHA256Sig)
	slices.Reverse(reversed)
	digest := sha256.Sum256([]byte(p.Body))
	return leaf, rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], reversed)
}

const goodBody = `{"previousOrgIds":[],"orgId":"0d9f6c2a-0000-4000-8000-00000000c0de",` +
	`"geoLocationUrl":"https://edr-weu3.eu.endpoint.security.microsoft.com/edr/","datacenter":"WestEurope3",` +
	`"vortexGeoLocation":"EU","vortexServerUrl":"https://eu-v20.events.endpoint.security.microsoft.com/OneCollector/1.0",` +
	`"vortexTicketUrl":"https://events.data.microsoft.com","partnerGeoLocation":"GW_EU","version":"1.7"}`

func TestTheOnboardingPackageIsSigned(t *testing.T) {
	v := visit(t, "good")
	list := v.get(mdeOnboardings + "?api-version=2021-10-01-preview").values(t)
	if len(list) != 1 {
		t.Fatalf("mdeOnboardings = %v, want one", list)
	}
	windows, linux := packages(t, list[0])
	if windows.Body != goodBody || linux.Body != goodBody || windows.SHA256Sig != linux.SHA256Sig {
		t.Errorf("bodies = %s and %s, want %s", windows.Body, linux.Body, goodBody)
	}
	leaf, err := windows.verify(t, v.CAPEM())
	if err != nil {
		t.Errorf("the signature doesn't hold: %v", err)
	}
	if leaf.Subject.CommonName != "Seville.Windows.com" || !leaf.NotBefore.Equal(time.Date(2026, 10, 21, 0, 0, 0, 0, time.UTC)) || leaf.NotAfter.Sub(leaf.NotBefore) > 366*24*time.Hour {
		t.Errorf("leaf %s from %s to %s", leaf.Subject, leaf.NotBefore, leaf.NotAfter)
	}
	for _, name := range []string{"Windows", "default"} {
		item := v.get(mdeOnboardings + "/" + name + "?api-version=2021-10-01-preview")
		if same, _ := packages(t, item.body); same.Body != goodBody || item.body["name"] != name {
			t.Errorf("%s: %s", name, item.raw)
		}
	}
	again, _ := packages(t, visit(t, "good").get(mdeOnboardings + "?api-version=2021-10-01-preview").values(t)[0])
	if again.Body != goodBody {
		t.Errorf("another start gives another body: %s", again.Body)
	}
	if again.Cert == windows.Cert {
		t.Error("two servers share a key")
	}
}

func TestABrokenPackageDoesNotVerify(t *testing.T) {
	v := visitChanged(t, "onboarding: {signed: broken}\n")
	windows, _ := packages(t, v.get(mdeOnboardings + "?api-version=2021-10-01-preview").values(t)[0])
	if _, err := windows.verify(t, v.CAPEM()); err == nil {
		t.Error("the signature of a broken package holds")
	}
	if windows.Body != goodBody {
		t.Errorf("body = %s", windows.Body)
	}
}

func TestAnImportedPackageIsWrittenAndNotServed(t *testing.T) {
	v := visitChanged(t, "onboarding: {source: import}\n")
	if list := v.get(mdeOnboardings + "?api-version=2021-10-01-preview").values(t); len(list) != 0 {
		t.Errorf("mdeOnboardings = %v, want none", list)
	}
	if got := v.get(mdeOnboardings + "/Windows?api-version=2021-10-01-preview"); got.status != 404 || got.code() != "ResourceNotFound" {
		t.Errorf("the item: %d %s", got.status, got.raw)
	}
	var file struct{ OnboardingInfo string }
	parse(t, read(t, writeConfig(t, v), "imports/mdatp_onboard.json"), &file)
	var blob signedPackage
	parse(t, file.OnboardingInfo, &blob)
	if _, err := blob.verify(t, v.CAPEM()); err != nil || blob.Body != goodBody {
		t.Errorf("the written package: %v, body %s", err, blob.Body)
	}
}

package collectors_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

// escaped writes text as the inside of a JSON string, levels times over.
func escaped(t testing.TB, text string, levels int) string {
	t.Helper()
	for range levels {
		quoted := toJSON(t, text)
		text = quoted[1 : len(quoted)-1]
	}
	return text
}

// pythonScript holds the package as the Linux onboarding script does.
func pythonScript(t testing.TB, parts signedParts) string {
	t.Helper()
	inner := strings.ReplaceAll(escaped(t, toJSON(t, parts), 1), `\`, `\\`)
	return "#!/usr/bin/env python\nimport os\ntry:\n  f.write('''{\n  \"onboardingInfo\": \"" + inner + "\"\n}''')\nexcept Exception as e:\n  print(str(e))\n"
}

// commandScript holds the package as the Windows onboarding script does.
func commandScript(t testing.TB, parts signedParts) string {
	t.Helper()
	return "@echo off\r\nREM {setup}\r\nREG add \"HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows Advanced Threat Protection\" /v OnboardingInfo /t REG_SZ /f /d \"" +
		escaped(t, toJSON(t, parts), 1) + "\" >NUL 2>&1\r\nif %ERRORLEVEL% NEQ 0 exit /b 1\r\n"
}

// laidOut is the package as JSON on several lines, with tabs.
func laidOut(t testing.TB, parts signedParts) string {
	t.Helper()
	data, err := json.MarshalIndent(parts, "\r", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func inBase64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestOnboardingPackageForms(t *testing.T) {
	ours, _ := authorities(t)
	parts := ours.sign(t)
	plain := toJSON(t, parts)
	info := toJSON(t, map[string]string{"onboardingInfo": plain})
	alone := strings.Replace(plain, toJSON(t, parts.Chain), toJSON(t, parts.Chain[0]), 1)
	tests := []struct {
		name string
		data string
	}{
		{"JSON", plain},
		{"JSON with a mark and blanks", "\xEF\xBB\xBF \r\n" + plain + "\n"},
		{"chain of one by itself", alone},
		{"JSON string", toJSON(t, plain)},
		{"Linux JSON", info},
		{"Linux JSON as an object", `{"onboardingInfo": ` + plain + `}`},
		{"Python script", pythonScript(t, parts)},
		{"Windows script", commandScript(t, parts)},
		{"Windows script with the Linux JSON", "REG add /d \"" + escaped(t, info, 1) + "\"\r\n"},
		{"Windows script with escaped characters", strings.ReplaceAll(commandScript(t, parts), "+", `\u002B`)},
		{"Windows script with doubly escaped characters", strings.ReplaceAll(commandScript(t, parts), "+", `\\u002B`)},
		{"Windows script with laid out JSON", "REG add /d \"" + escaped(t, laidOut(t, parts), 1) + "\"\r\n"},
		{"escaped three times", "SET X=" + escaped(t, plain, 3) + "\r\n"},
		{"base64 of JSON", inBase64(plain)},
		{"base64 of the Windows script", inBase64(commandScript(t, parts))},
		{"base64 of the Python script", inBase64(pythonScript(t, parts))},
		{"Azure's answer", toJSON(t, map[string]any{"id": "x", "properties": map[string]string{"onboardingPackageWindows": inBase64(commandScript(t, parts))}})},
		{"Azure's answer, Linux alone readable", toJSON(t, map[string]any{"properties": map[string]string{"onboardingPackageWindows": "bm90aGluZw==", "onboardingPackageLinux": inBase64(pythonScript(t, parts))}})},
	}
	sum := sha256.Sum256([]byte(packageBody))
	want := map[string]any{
		"orgId": "0d3c5a77-0000-4000-8000-000000000031", "previousOrgIds": []any{"0d3c5a77-0000-4000-8000-000000000030"},
		"datacenter": "NorthEurope", "vortexGeoLocation": "EU", "partnerGeoLocation": "GW_EU", "version": "1.7",
		"signature": "valid", "issuer": "Test Secure Server CA", "notBefore": "2024-06-16T18:23:36Z", "notAfter": "2025-06-16T18:23:36Z",
		"sha256": hex.EncodeToString(sum[:]),
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := importOptions()
			o.Roots = ours.roots
			object, err := collectors.ParseOnboardingPackage([]byte(tt.data), o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, decodeObject(t, object)); diff != "" {
				t.Errorf("the object differs (-want +got):\n%s", diff)
			}
			imported := importOne(t, []byte(tt.data), o)
			if imported.Tier != evidence.Signed || !imported.Complete || string(imported.Objects[0]) != string(object) {
				t.Errorf("tier %s, complete %v, object %s", imported.Tier, imported.Complete, imported.Objects[0])
			}
		})
	}
}

func TestOnboardingPackageSignature(t *testing.T) {
	ours, foreign := authorities(t)
	signed := func(change func(p *signedParts)) string {
		parts := ours.sign(t)
		change(&parts)
		return toJSON(t, parts)
	}
	signature, err := base64.StdEncoding.DecodeString(ours.sign(t).SHA256Sig)
	if err != nil {
		t.Fatal(err)
	}
	bigEndian := slices.Clone(signature)
	slices.Reverse(bigEndian)
	broken := slices.Clone(signature)
	broken[100] ^= 1
	encode := base64.StdEncoding.EncodeToString
	weak, err := newAuthority(1024)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		data  string
		roots *x509.CertPool
		want  string
		tier  evidence.Tier
	}{
		{"sound, long after the leaf and its issuer ended", signed(func(*signedParts) {}), ours.roots, "valid", evidence.Signed},
		{"big-endian", signed(func(p *signedParts) { p.SHA256Sig = encode(bigEndian) }), ours.roots, "invalid", evidence.Attested},
		{"one bit off", signed(func(p *signedParts) { p.SHA256Sig = encode(broken) }), ours.roots, "invalid", evidence.Attested},
		{"body changed", signed(func(p *signedParts) { p.Body = strings.Replace(p.Body, "NorthEurope", "EastUs", 1) }), ours.roots, "invalid", evidence.Attested},
		{"no sha256sig", signed(func(p *signedParts) { p.Sig, p.SHA256Sig = p.SHA256Sig, "" }), ours.roots, "invalid", evidence.Attested},
		{"short signature", signed(func(p *signedParts) { p.SHA256Sig = encode(signature[1:]) }), ours.roots, "invalid", evidence.Attested},
		{"signature no base64", signed(func(p *signedParts) { p.SHA256Sig = "%%%" }), ours.roots, "invalid", evidence.Attested},
		{"no certificate", signed(func(p *signedParts) { p.Cert = "" }), ours.roots, "invalid", evidence.Attested},
		{"certificate no base64", signed(func(p *signedParts) { p.Cert = "-----BEGIN CERTIFICATE-----\nAAAA" }), ours.roots, "invalid", evidence.Attested},
		{"certificate no DER", signed(func(p *signedParts) { p.Cert = encode([]byte("certificate")) }), ours.roots, "invalid", evidence.Attested},
		{"another's certificate", signed(func(p *signedParts) { p.Cert = encode(foreign.leaf) }), ours.roots, "invalid", evidence.Attested},
		{"foreign authority of equal names", toJSON(t, foreign.sign(t)), ours.roots, "unknown_issuer", evidence.Portal},
		{"foreign leaf with our chain", signed(func(p *signedParts) {
			*p = foreign.sign(t)
			p.Chain = []string{encode(ours.intermediate)}
		}), ours.roots, "unknown_issuer", evidence.Portal},
		{"no chain", signed(func(p *signedParts) { p.Chain = nil }), ours.roots, "unknown_issuer", evidence.Portal},
		{"garbage in the chain", signed(func(p *signedParts) { p.Chain = []string{"%", encode([]byte("-----BEGIN CERTIFICATE-----"))} }), ours.roots, "unknown_issuer", evidence.Portal},
		{"garbage beside the chain", signed(func(p *signedParts) { p.Chain = append([]string{"%"}, p.Chain...) }), ours.roots, "valid", evidence.Signed},
		{"pinned roots", signed(func(*signedParts) {}), nil, "unknown_issuer", evidence.Portal},
		{"no roots at all", signed(func(*signedParts) {}), x509.NewCertPool(), "unknown_issuer", evidence.Portal},
		{"weak key", toJSON(t, weak.sign(t)), weak.roots, "invalid", evidence.Attested},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := importOptions()
			o.Roots = tt.roots
			imported := importOne(t, []byte(tt.data), o)
			if got := decodeObject(t, imported.Objects[0])["signature"]; got != tt.want || imported.Tier != tt.tier {
				t.Errorf("signature %v of tier %s, want %s of tier %s", got, imported.Tier, tt.want, tt.tier)
			}
		})
	}
}

func TestOnboardingPackageKeepsNoSecret(t *testing.T) {
	ours, _ := authorities(t)
	parts := ours.sign(t)
	object, err := collectors.ParseOnboardingPackage([]byte(toJSON(t, parts)), importOptions())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{parts.SHA256Sig, parts.Sig, parts.Cert, parts.Chain[0], "geoLocationUrl", "vortexTicketUrl"} {
		if strings.Contains(string(object), secret) {
			t.Errorf("the object holds %.40s", secret)
		}
	}
}

func TestOnboardingPackageHostile(t *testing.T) {
	ours, _ := authorities(t)
	plain := toJSON(t, ours.sign(t))
	small := `{"body":"{}","cert":"x"}`
	tests := []struct {
		name string
		data string
		want string
	}{
		{"nothing", "", "holds none"},
		{"words", "onboardingInfo is elsewhere", "holds none"},
		{"huge", strings.Repeat("x", 4<<20+1), "larger"},
		{"huge body", `{"cert":"x","body":"` + strings.Repeat("x", 4<<20) + `"}`, "larger"},
		{"body no JSON", `{"cert":"x","body":"hello"}`, "not a JSON object"},
		{"body a list", `{"cert":"x","body":"[1]"}`, "not a JSON object"},
		{"nested strings", deepString(t, small, 12), "more than 8 times"},
		{"nested base64", deepBase64(plain, 10), "more than 8 times"},
		{"nested objects", strings.Repeat(`{"onboardingInfo":`, 12) + small + strings.Repeat("}", 12), "more than 8 times"},
		{"backslashes", `{` + strings.Repeat(`\`, 4095) + `"body` + strings.Repeat(`\`, 4095) + `":1}`, "more than 8 times"},
		{"backslashes alone", strings.Repeat(`\`, 1<<20) + `"body"`, "holds none"},
		{"braces", strings.Repeat(`{"body"`, 1<<17), "holds none"},
		{"base64 of nothing", strings.Repeat("QUFB", 100), "neither UTF-8"},
		{"base64 of bytes", strings.Repeat("/////", 100), "neither UTF-8"},
		{"cut off", plain[:len(plain)-40], "holds none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := collectors.ParseOnboardingPackage([]byte(tt.data), importOptions())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ParseOnboardingPackage = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func deepString(t *testing.T, text string, levels int) string {
	t.Helper()
	for range levels {
		text = toJSON(t, text)
	}
	return text
}

func deepBase64(text string, levels int) string {
	for range levels {
		text = inBase64(text)
	}
	return text
}

func FuzzParseOnboardingPackage(f *testing.F) {
	ours, _ := authorities(f)
	parts := ours.sign(f)
	plain := toJSON(f, parts)
	f.Add([]byte(plain))
	f.Add([]byte(toJSON(f, plain)))
	f.Add([]byte(inBase64(plain)))
	f.Add([]byte(commandScript(f, parts)))
	f.Add([]byte(pythonScript(f, parts)))
	f.Add([]byte(`{"body":"{\"orgId\":1}","sig":"x"}`))
	o := importOptions()
	o.Roots = ours.roots
	sum := sha256.Sum256([]byte(packageBody))
	f.Fuzz(func(t *testing.T, data []byte) {
		object, err := collectors.ParseOnboardingPackage(data, o)
		if err != nil {
			return
		}
		checkSchema(t, collectors.Imported{Kind: "onboarding_package", Objects: []json.RawMessage{object}})
		fields := decodeObject(t, object)
		if fields["signature"] == "valid" && fields["sha256"] != hex.EncodeToString(sum[:]) {
			t.Errorf("a body that nobody signed counts as signed: %s", object)
		}
	})
}

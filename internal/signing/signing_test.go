package signing_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"github.com/domicile-audit/domicile/internal/signing"
)

// halves are a key in PEM.
type halves struct{ private, public []byte }

func encode(t testing.TB, key crypto.Signer) halves {
	t.Helper()
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return halves{pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})}
}

func ed25519Key(t testing.TB) halves {
	t.Helper()
	private, public, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return halves{private, public}
}

func ecdsaKey(t testing.TB, curve elliptic.Curve) halves {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return encode(t, key)
}

func (h halves) key(t testing.TB) *signing.Key {
	t.Helper()
	key, err := signing.ParseKey(h.private)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (h halves) trusted(t testing.TB, name string) signing.PublicKey {
	t.Helper()
	key, err := signing.ParsePublicKey(h.public)
	if err != nil {
		t.Fatal(err)
	}
	key.Name = name
	return key
}

func statement(t testing.TB) signing.Statement {
	t.Helper()
	s, err := signing.NewStatement(signing.Result, map[string]string{"tool": "domicile <1>"},
		signing.Subject{Name: "result.json", Digest: signing.Digest{SHA256: strings.Repeat("ab", 32)}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t testing.TB, h halves) []byte {
	t.Helper()
	envelope, err := signing.Sign(h.key(t), statement(t))
	if err != nil {
		t.Fatal(err)
	}
	return envelope
}

// TestSignAndVerify: what a key of either kind signed comes back with whose key it was.
func TestSignAndVerify(t *testing.T) {
	for name, key := range map[string]halves{"ed25519": ed25519Key(t), "ecdsa": ecdsaKey(t, elliptic.P256())} {
		t.Run(name, func(t *testing.T) {
			got, signers, err := signing.Verify(sign(t, key), signing.Result, signing.Trust{ed25519Key(t).trusted(t, "other"), key.trusted(t, "pipeline")})
			if err != nil || len(signers) != 1 || signers[0] != (signing.Signer{KeyID: key.key(t).ID(), Name: "pipeline", Trusted: true}) {
				t.Fatalf("Verify() = %v, %v, want the pipeline's key", signers, err)
			}
			if want := statement(t); got.Subject[0] != want.Subject[0] || !bytes.Equal(got.Predicate, want.Predicate) {
				t.Errorf("Verify() = %+v, want %+v", got, want)
			}
			block, _ := pem.Decode(key.public)
			public, err := x509.ParsePKIXPublicKey(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			if want, err := dsse.SHA256KeyID(public); err != nil || key.key(t).ID() != want || key.key(t).Public().ID != want {
				t.Errorf("ID() = %s, want the fingerprint %s (%v)", key.key(t).ID(), want, err)
			}
		})
	}
}

// verifier checks an Ed25519 signature for another implementation of DSSE, under no id, as
// tools do that are given a bare public key.
type verifier struct{ key ed25519.PublicKey }

func (v verifier) Verify(_ context.Context, data, sig []byte) error {
	if !ed25519.Verify(v.key, data, sig) {
		return errors.New("the signature does not hold")
	}
	return nil
}
func (v verifier) KeyID() (string, error)   { return "", nil }
func (v verifier) Public() crypto.PublicKey { return v.key }

// TestAnotherToolVerifies: another implementation of DSSE takes our envelope, and refuses
// it once a letter of what was signed differs.
func TestAnotherToolVerifies(t *testing.T) {
	key := ed25519Key(t)
	block, _ := pem.Decode(key.public)
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	other, err := dsse.NewEnvelopeVerifier(verifier{public.(ed25519.PublicKey)})
	if err != nil {
		t.Fatal(err)
	}
	var envelope dsse.Envelope
	if err := json.Unmarshal(sign(t, key), &envelope); err != nil {
		t.Fatal(err)
	}
	accepted, err := other.Verify(t.Context(), &envelope)
	if err != nil || len(accepted) != 1 || accepted[0].KeyID != key.key(t).ID() {
		t.Errorf("the other implementation accepts %v, %v, want our signature", accepted, err)
	}
	envelope.Payload = base64.StdEncoding.EncodeToString([]byte("{}"))
	if _, err := other.Verify(t.Context(), &envelope); err == nil {
		t.Error("the other implementation accepts another payload")
	}
}

// TestOpenSSLVerifies: openssl verifies our signatures over DSSE's encoding, with the steps
// that docs/signing.md names.
func TestOpenSSLVerifies(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("there is no openssl here")
	}
	tests := []struct {
		name string
		key  halves
		args []string
	}{
		{"ed25519", ed25519Key(t), []string{"-rawin"}},
		{"ecdsa", ecdsaKey(t, elliptic.P256()), []string{"-rawin", "-digest", "sha256"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var envelope struct {
				PayloadType string
				Payload     []byte
				Signatures  []struct{ Sig []byte }
			}
			if err := json.Unmarshal(sign(t, tt.key), &envelope); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			write := func(name string, data []byte) string {
				path := filepath.Join(dir, name)
				if err := os.WriteFile(path, data, 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}
			public, sig := write("key.pub", tt.key.public), write("sig", envelope.Signatures[0].Sig)
			message := fmt.Sprintf("DSSEv1 %d %s %d %s", len(envelope.PayloadType), envelope.PayloadType, len(envelope.Payload), envelope.Payload)
			verify := func(message string) error {
				args := append([]string{"pkeyutl", "-verify", "-pubin", "-inkey", public, "-sigfile", sig, "-in", write("message", []byte(message))}, tt.args...)
				out, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput()
				if err != nil {
					return fmt.Errorf("%w: %s", err, out)
				}
				return nil
			}
			if err := verify(message); err != nil {
				t.Errorf("openssl refuses the signature: %v", err)
			}
			if verify(message+" ") == nil {
				t.Error("openssl accepts the signature of another text")
			}
		})
	}
}

// TestOpenSSLKeys: keys that openssl makes are read.
func TestOpenSSLKeys(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("there is no openssl here")
	}
	for _, args := range [][]string{{"-algorithm", "ed25519"}, {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"}} {
		private, err := exec.CommandContext(t.Context(), "openssl", append([]string{"genpkey"}, args...)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := signing.ParseKey(private); err != nil {
			t.Errorf("ParseKey(openssl genpkey %v) = %v, want a key", args, err)
		}
	}
}

// TestForgeries: what isn't signed by a trusted key as it stands is refused, and the reason
// said.
func TestForgeries(t *testing.T) {
	key, foreign := ed25519Key(t), ed25519Key(t)
	trust := signing.Trust{key.trusted(t, "pipeline")}
	good := string(sign(t, key))
	payload := base64.StdEncoding.EncodeToString([]byte(`{"_type":"https://in-toto.io/Statement/v1","predicateType":"` + signing.Result + `"}`))
	var envelope struct{ Payload string }
	if err := json.Unmarshal([]byte(good), &envelope); err != nil {
		t.Fatal(err)
	}
	other, err := signing.NewStatement(signing.Bundle, nil)
	if err != nil {
		t.Fatal(err)
	}
	otherType, err := signing.Sign(key.key(t), other)
	if err != nil {
		t.Fatal(err)
	}
	noStatement, err := signing.Sign(key.key(t), signing.Statement{PredicateType: signing.Result, Predicate: json.RawMessage("{}")})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, envelope, says string }{
		{"another payload", strings.Replace(good, envelope.Payload, payload, 1), "the signature of pipeline (key " + key.key(t).ID() + ") does not hold"},
		{"a foreign key", string(sign(t, foreign)), "signed by key " + foreign.key(t).ID() + ", which is not trusted"},
		{"a foreign key under the id of a trusted one", strings.Replace(string(sign(t, foreign)), foreign.key(t).ID(), key.key(t).ID(), 1), "does not hold"},
		{"another type", string(otherType), "a statement of the type \"" + signing.Bundle},
		{"no statement", string(noStatement), `of the type "" and not`},
		{"another payload type", strings.Replace(good, "vnd.in-toto", "vnd.other", 1), "its payload is of the type"},
		{"no signature", strings.Split(good, "[")[0] + "[]}", "no signature in it"},
		{"two payloads", strings.Replace(good, `"payload":`, `"payload":"e30=","payload":`, 1), "not a DSSE envelope"},
		{"cut", good[:len(good)/2], "not a DSSE envelope"},
		{"nothing", "", "not a DSSE envelope"},
		{"no base64", strings.Replace(good, envelope.Payload, "!", 1), "not base64"},
		{"too many signatures", strings.Replace(good, `"signatures": [`, `"signatures": [`+strings.Repeat(`{"sig":""},`, 16), 1), "more than 16 signatures"},
		{"a long id", strings.Replace(good, `"keyid": "`, `"keyid": "`+strings.Repeat("x", 200), 1), "longer than 200 bytes"},
		{"too large", strings.Repeat(" ", signing.MaxEnvelope+1), "larger than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := signing.Verify([]byte(tt.envelope), signing.Result, trust); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Verify() = %v, want an error that says %q", err, tt.says)
			}
		})
	}
	// Without a trusted key the id is all that is known, and that as a claim.
	if _, signers, err := signing.Verify(sign(t, foreign), signing.Result, nil); err != nil || signers[0] != (signing.Signer{KeyID: foreign.key(t).ID()}) {
		t.Errorf("Verify() without trust = %v, %v, want an untrusted signer", signers, err)
	}
	// The id is only a hint: the key decides.
	if _, signers, err := signing.Verify([]byte(strings.Replace(good, key.key(t).ID(), "", 1)), signing.Result, trust); err != nil || !signers[0].Trusted {
		t.Errorf("Verify() of an envelope without ids = %v, %v, want the trusted signer", signers, err)
	}
}

// TestTwoSign: a second signature stands besides the first, and the same key's takes the
// place of its own.
func TestTwoSign(t *testing.T) {
	one, two := ed25519Key(t), ecdsaKey(t, elliptic.P256())
	envelope := sign(t, one)
	for _, key := range []halves{two, two, one} {
		var err error
		if envelope, err = signing.Add(key.key(t), envelope); err != nil {
			t.Fatal(err)
		}
	}
	_, signers, err := signing.Verify(envelope, signing.Result, signing.Trust{one.trusted(t, "one"), two.trusted(t, "two")})
	if err != nil || len(signers) != 2 || strings.Count(string(envelope), "keyid") != 2 {
		t.Errorf("Verify() = %v, %v, want both signers, once each", signers, err)
	}
	if _, err := signing.Add(one.key(t), []byte("{}")); err == nil {
		t.Error("Add() to no envelope worked")
	}
}

// TestKeysRefused: a key that can't be used is refused with what to do, and never shown.
func TestKeysRefused(t *testing.T) {
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	key := ed25519Key(t)
	sec1 := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("x")})
	tests := []struct {
		name    string
		private bool
		text    []byte
		says    string
	}{
		{"a passphrase", true, pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")}), "passphrase"},
		{"an old passphrase", true, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Headers: map[string]string{"DEK-Info": "AES"}, Bytes: []byte("x")}), "passphrase"},
		{"SEC 1", true, sec1, "openssl pkcs8 -topk8"},
		{"the public half", true, key.public, "name the private one"},
		{"RSA", true, encode(t, large).private, "neither an Ed25519 nor"},
		{"P-384", true, ecdsaKey(t, elliptic.P384()).private, "neither an Ed25519 nor"},
		{"garbage", true, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}), "not a PKCS #8"},
		{"no PEM", true, []byte("secret"), "domicile key new"},
		{"two keys", true, append(bytes.Clone(key.private), key.private...), "something after"},
		{"the private half", false, key.private, "name its public half"},
		{"RSA", false, encode(t, large).public, "neither an Ed25519 nor"},
		{"P-384", false, ecdsaKey(t, elliptic.P384()).public, "neither an Ed25519 nor"},
		{"garbage", false, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}), "not a public key"},
		{"a certificate", false, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), "not a public key"},
		{"nothing", false, nil, "no key in PEM"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := signing.ParsePublicKey(tt.text)
			if tt.private {
				_, err = signing.ParseKey(tt.text)
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("parsing = %v, want an error that says %q", err, tt.says)
			}
			if body := strings.Split(string(tt.text), "\n"); len(body) > 1 && strings.Contains(err.Error(), body[1]) {
				t.Errorf("the error shows the key: %v", err)
			}
		})
	}
	if shown := fmt.Sprintf("%v %+v %#v %s", key.key(t), key.key(t), key.key(t), key.key(t)); strings.Contains(shown, "signer") || !strings.Contains(shown, key.key(t).ID()) {
		t.Errorf("a key is shown as %s", shown)
	}
}

func FuzzVerify(f *testing.F) {
	key := ed25519Key(f)
	trust := signing.Trust{key.trusted(f, "")}
	f.Add(sign(f, key))
	f.Add([]byte(`{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"b"}}],"predicateType":"` + signing.Result + `","predicate":{}}`))
	f.Add([]byte(`{"payloadType":"application/vnd.in-toto+json","payload":"e30","signatures":[{"keyid":"a","sig":"-_"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, signers, err := signing.Verify(data, signing.Result, trust); err == nil && (len(signers) == 0 || s.Subject[0] != statement(t).Subject[0]) {
			t.Errorf("Verify() accepts %+v by %v, which nobody signed", s, signers)
		}
		payload := base64.StdEncoding.EncodeToString(data)
		for _, text := range []string{string(data), `{"payloadType":"application/vnd.in-toto+json","payload":"` + payload + `","signatures":[{"sig":""}]}`} {
			if s, signers, err := signing.Verify([]byte(text), signing.Result, nil); err == nil && (len(signers) == 0 || s.PredicateType != signing.Result) {
				t.Errorf("Verify() without trust = %+v by %v", s, signers)
			}
		}
	})
}

func FuzzParseKey(f *testing.F) {
	for _, key := range []halves{ed25519Key(f), ecdsaKey(f, elliptic.P256())} {
		f.Add(key.private)
		f.Add(key.public)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if key, err := signing.ParseKey(text); err == nil {
			if _, err := signing.Sign(key, statement(t)); err != nil {
				t.Errorf("a key that was read can't sign: %v", err)
			}
		}
		if key, err := signing.ParsePublicKey(text); err == nil && !strings.HasPrefix(key.ID, "SHA256:") {
			t.Errorf("ParsePublicKey() = %+v, want an id", key)
		}
	})
}

// TestTrustWith: a key that is named twice counts once, under its name.
func TestTrustWith(t *testing.T) {
	key := func(id, name string) signing.PublicKey { return signing.PublicKey{ID: id, Name: name} }
	tests := map[string]struct{ had, others, want signing.Trust }{
		"another":            {signing.Trust{key("a", "")}, signing.Trust{key("b", "")}, signing.Trust{key("a", ""), key("b", "")}},
		"the same":           {signing.Trust{key("a", "ada")}, signing.Trust{key("a", "ada")}, signing.Trust{key("a", "ada")}},
		"the same, unnamed":  {signing.Trust{key("a", "ada")}, signing.Trust{key("a", "")}, signing.Trust{key("a", "ada")}},
		"a name for it":      {signing.Trust{key("a", "")}, signing.Trust{key("a", "ada")}, signing.Trust{key("a", "ada")}},
		"two names for it":   {signing.Trust{key("a", "ada")}, signing.Trust{key("a", "bob")}, signing.Trust{key("a", "ada"), key("a", "bob")}},
		"twice in the other": {nil, signing.Trust{key("a", ""), key("a", "")}, signing.Trust{key("a", "")}},
	}
	for name, tt := range tests {
		got := tt.had.With(tt.others)
		if len(got) != len(tt.want) {
			t.Errorf("%s: With() = %+v, want %+v", name, got, tt.want)
			continue
		}
		for i := range got {
			if got[i].ID != tt.want[i].ID || got[i].Name != tt.want[i].Name {
				t.Errorf("%s: With() = %+v, want %+v", name, got, tt.want)
			}
		}
	}
}

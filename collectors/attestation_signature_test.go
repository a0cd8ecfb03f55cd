package collectors_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/internal/signing"
)

func newKey(t *testing.T) *signing.Key {
	t.Helper()
	private, _, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	key, err := signing.ParseKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func named(key *signing.Key, name string) signing.PublicKey {
	public := key.Public()
	public.Name = name
	return public
}

// envelopeOf signs a text with keys, as a statement of a type.
func envelopeOf(t *testing.T, predicateType, text string, keys ...*signing.Key) []byte {
	t.Helper()
	sum := sha256.Sum256([]byte(text))
	statement, err := signing.NewStatement(predicateType, struct{}{}, signing.Subject{Name: "f", Digest: signing.Digest{SHA256: hex.EncodeToString(sum[:])}})
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := signing.Sign(keys[0], statement)
	for _, key := range keys[1:] {
		if err == nil {
			envelope, err = signing.Add(key, envelope)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return envelope
}

// TestSignedAttestations: a statement is signed where one of its two people signed it with
// a key that is trusted as theirs; what was changed since is not sound.
func TestSignedAttestations(t *testing.T) {
	adele, diego, pipeline, foreign := newKey(t), newKey(t), newKey(t), newKey(t)
	trust := signing.Trust{named(adele, "Adele@contoso.example"), named(diego, "diego@contoso.example"), named(pipeline, "pipeline")}
	text := goodStatement
	sign := func(keys ...*signing.Key) []byte { return envelopeOf(t, signing.Attestation, text, keys...) }
	tests := []struct {
		name       string
		envelope   []byte
		trust      signing.Trust
		signed, ok bool
		says       string
	}{
		{"unsigned", nil, trust, false, true, "unsigned"},
		{"the observer", sign(adele), trust, true, true, "signed by Adele@contoso.example"},
		{"the reviewer", sign(diego), trust, true, true, "signed by diego@contoso.example"},
		{"both", sign(diego, adele), trust, true, true, "signed by Adele@contoso.example and diego@contoso.example"},
		{"one of them and a stranger", sign(foreign, adele), trust, true, true, "signed by Adele@contoso.example"},
		{"somebody else", sign(pipeline), trust, false, true, "not the key of observedBy or reviewer"},
		{"a trusted key without a name", sign(adele), signing.Trust{adele.Public()}, false, true, "not the key of observedBy or reviewer"},
		{"nobody is trusted", sign(adele), nil, false, true, "no trusted key is configured"},
		{"a foreign key", sign(foreign), trust, false, false, "which is not trusted"},
		{"another text", envelopeOf(t, signing.Attestation, text+" ", adele), trust, false, false, "not the one that was signed"},
		{"another text, nobody is trusted", envelopeOf(t, signing.Attestation, text+" ", adele), nil, false, false, "not the one that was signed"},
		{"the signature of a result", envelopeOf(t, signing.Result, text, adele), trust, false, false, "a statement of the type"},
		{"a broken envelope", []byte("{}"), trust, false, false, "type"},
		{"an empty one", []byte{}, trust, false, false, "envelope"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := importOptions()
			o.Trust = tt.trust
			imported, err := collectors.ReadAttestations([]collectors.File{{Name: "geo.yaml", Data: []byte(text), Envelope: tt.envelope}}, o)
			if err != nil {
				t.Fatal(err)
			}
			object := decodeObject(t, imported.Objects[0])
			checks := object["checks"].([]any)
			last := checks[len(checks)-1].(map[string]any)
			if object["signed"] != tt.signed || last["name"] != "signature" || last["ok"] != tt.ok || !strings.Contains(last["message"].(string), tt.says) {
				t.Errorf("signed = %v, %v, want %v, ok %v and %q", object["signed"], last, tt.signed, tt.ok, tt.says)
			}
		})
	}
}

// TestTheChainOfAnEarlierResult: its signature says whether it is as it was written.
func TestTheChainOfAnEarlierResult(t *testing.T) {
	key := newKey(t)
	tests := []struct {
		name     string
		envelope []byte
		trust    signing.Trust
		chain    string
	}{
		{"unsigned", nil, signing.Trust{key.Public()}, "unknown"},
		{"signed", envelopeOf(t, signing.Result, earlierResult, key), signing.Trust{key.Public()}, "intact"},
		{"nobody is trusted", envelopeOf(t, signing.Result, earlierResult, key), nil, "unknown"},
		{"a foreign key", envelopeOf(t, signing.Result, earlierResult, newKey(t)), signing.Trust{key.Public()}, "broken"},
		{"another text", envelopeOf(t, signing.Result, earlierResult+" ", key), signing.Trust{key.Public()}, "broken"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := importOptions()
			o.Trust = tt.trust
			imported, err := collectors.ReadPrevious(collectors.File{Data: []byte(earlierResult), Envelope: tt.envelope}, o)
			if err != nil {
				t.Fatal(err)
			}
			if chain := decodeObject(t, imported.Objects[0])["chain"]; chain != tt.chain {
				t.Errorf("chain = %v, want %s", chain, tt.chain)
			}
		})
	}
}

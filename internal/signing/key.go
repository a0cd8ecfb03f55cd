package signing

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Key is a private key that signs.
type Key struct {
	signer crypto.Signer
	id     string
}

// ID is the key's id: its fingerprint as OpenSSH writes it, SHA256:....
func (k *Key) ID() string { return k.id }

// String names the key and never shows it.
func (k *Key) String() string { return "key " + k.id }

// GoString does as String.
func (k *Key) GoString() string { return k.String() }

// Public is the public half.
func (k *Key) Public() PublicKey { return PublicKey{ID: k.id, key: k.signer.Public()} }

// Generate makes an Ed25519 key. It returns both halves in PEM, as ParseKey and
// ParsePublicKey read them.
func Generate() (private, public []byte, err error) {
	half, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("generating a key: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("generating a key: %w", err)
	}
	spki, err := x509.MarshalPKIXPublicKey(half)
	if err != nil {
		return nil, nil, fmt.Errorf("generating a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: privateBlock, Bytes: secret}), pem.EncodeToMemory(&pem.Block{Type: publicBlock, Bytes: spki}), nil
}

// The PEM blocks that hold the two halves of a key.
const (
	privateBlock = "PRIVATE KEY"
	publicBlock  = "PUBLIC KEY"
)

// ParseKey reads a private key: Ed25519 or ECDSA P-256, PKCS #8 in PEM, without a
// passphrase. An error shows nothing of the text.
func ParseKey(text []byte) (*Key, error) {
	block, err := onlyBlock(text)
	if err != nil {
		return nil, err
	}
	switch {
	case block.Type == publicBlock:
		return nil, errors.New("it is a public key; name the private one")
	case block.Type == "ENCRYPTED "+privateBlock || block.Headers["DEK-Info"] != "":
		return nil, errors.New("it is protected by a passphrase, for which nobody can be asked; write it without one (openssl pkey -in KEY -out PLAIN) and keep it in a secret store")
	case block.Type != privateBlock:
		return nil, fmt.Errorf("it is a %q and not a PKCS #8 private key; write it anew (openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW)", block.Type)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("it is not a PKCS #8 private key")
	}
	signer, _ := parsed.(crypto.Signer)
	if signer == nil {
		return nil, errUnsupported
	}
	id, err := keyID(signer.Public())
	if err != nil {
		return nil, err
	}
	return &Key{signer: signer, id: id}, nil
}

// PublicKey is a key that signatures are checked with.
type PublicKey struct {
	// ID is the key's fingerprint as OpenSSH writes it, SHA256:....
	ID string
	// Name says whose key it is; it may be empty.
	Name string

	key crypto.PublicKey
}

// ParsePublicKey reads a public key: Ed25519 or ECDSA P-256, SPKI in PEM.
func ParsePublicKey(text []byte) (PublicKey, error) {
	block, err := onlyBlock(text)
	if err != nil {
		return PublicKey{}, err
	}
	switch {
	case strings.HasSuffix(block.Type, privateBlock):
		return PublicKey{}, errors.New("it is a private key; name its public half, and see that nobody else reads the private one")
	case block.Type != publicBlock:
		return PublicKey{}, fmt.Errorf("it is a %q and not a public key", block.Type)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return PublicKey{}, errors.New("it is not a public key (SPKI)")
	}
	id, err := keyID(key)
	if err != nil {
		return PublicKey{}, err
	}
	return PublicKey{ID: id, key: key}, nil
}

func onlyBlock(text []byte) (*pem.Block, error) {
	block, rest := pem.Decode(text)
	switch {
	case block == nil:
		return nil, errors.New("there is no key in PEM in it; domicile key new makes one")
	case strings.TrimSpace(string(rest)) != "":
		return nil, errors.New("there is something after the key in it; leave the key alone in the file")
	}
	return block, nil
}

var errUnsupported = errors.New("it is neither an Ed25519 nor an ECDSA P-256 key; domicile key new makes one")

// keyID is the id of a supported key. It is the one that DSSE's own library, and what is
// built on it, gives a key that was named without an id: those take no signature under
// another.
func keyID(public crypto.PublicKey) (string, error) {
	var fields [][]byte
	switch key := public.(type) {
	case ed25519.PublicKey:
		fields = [][]byte{[]byte("ssh-ed25519"), key}
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil || key.Curve != elliptic.P256() {
			return "", errUnsupported
		}
		fields = [][]byte{[]byte("ecdsa-sha2-nistp256"), []byte("nistp256"), point}
	default:
		return "", errUnsupported
	}
	var wire []byte
	for _, field := range fields {
		wire = binary.BigEndian.AppendUint32(wire, uint32(len(field))) //nolint:gosec // a key is no 4 GiB
		wire = append(wire, field...)
	}
	sum := sha256.Sum256(wire)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:]), nil
}

func (k *Key) sign(message []byte) ([]byte, error) {
	if _, ed := k.signer.(ed25519.PrivateKey); ed {
		return k.signer.Sign(rand.Reader, message, crypto.Hash(0))
	}
	sum := sha256.Sum256(message)
	return k.signer.Sign(rand.Reader, sum[:], crypto.SHA256)
}

// verifies says whether a signature of a message is the key's.
func (p PublicKey) verifies(message, signature []byte) bool {
	switch key := p.key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(key, message, signature)
	case *ecdsa.PublicKey:
		sum := sha256.Sum256(message)
		return ecdsa.VerifyASN1(key, sum[:], signature)
	default:
		return false
	}
}

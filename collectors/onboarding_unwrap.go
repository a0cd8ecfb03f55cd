package collectors

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"unicode/utf16"
)

// Limits of what is unwrapped, so that a hostile file costs little.
const (
	maxPackageBytes  = 4 << 20
	maxPackageLevels = 8
	// maxPackageWork bounds the bytes that all levels of one file look at together.
	maxPackageWork = 40 << 20
	// maxPackageTries bounds the places of one script at which a package may start.
	maxPackageTries = 8
	// maxPackageChain bounds the certificates besides the leaf.
	maxPackageChain = 8
)

var (
	errNoPackage      = errors.New("it holds none (no \"body\" with its \"cert\", and no \"onboardingInfo\"); download the package from the portal again")
	errPackageTooDeep = fmt.Errorf("it is wrapped or escaped more than %d times; download the package again", maxPackageLevels)
	errPackageTooBig  = fmt.Errorf("it is larger than %d bytes; download the package again", maxPackageBytes)
	errPackageWork    = errors.New("it nests too many packages; download the package again")
)

// signedPackage is what Microsoft signed, taken out of its wrapping. Sig, an older
// signature that may be by SHA-1, is never read.
type signedPackage struct {
	body      string
	sha256sig string
	cert      string
	chain     []string
}

// unwrapPackage finds the signed package in data.
func unwrapPackage(data []byte) (signedPackage, error) {
	if len(data) > maxPackageBytes {
		return signedPackage{}, errPackageTooBig
	}
	u := unwrapping{}
	return u.unwrap(data, 0)
}

// unwrapping is the work on one file.
type unwrapping struct{ work int }

func (u *unwrapping) unwrap(data []byte, level int) (signedPackage, error) {
	if level > maxPackageLevels {
		return signedPackage{}, errPackageTooDeep
	}
	if u.work += len(data); u.work > maxPackageWork {
		return signedPackage{}, errPackageWork
	}
	text, err := decodeText(data)
	if err != nil {
		return signedPackage{}, err
	}
	text = bytes.TrimSpace(text)
	if object, ok := jsonObject(text); ok {
		return u.fromObject(object, level)
	}
	if inner := jsonText(text); inner != "" {
		return u.unwrap([]byte(inner), level+1)
	}
	if decoded, ok := decodeBase64(text); ok {
		return u.unwrap(decoded, level+1)
	}
	return u.fromScript(text, level)
}

// fromObject reads a JSON object that is a package, or holds one where Microsoft's
// formats do.
func (u *unwrapping) fromObject(object map[string]json.RawMessage, level int) (signedPackage, error) {
	signed := object["cert"] != nil || object["sha256sig"] != nil || object["sig"] != nil
	if body := jsonText(object["body"]); body != "" && signed {
		return signedPackage{
			body:      body,
			sha256sig: jsonText(object["sha256sig"]),
			cert:      jsonText(object["cert"]),
			chain:     chainOf(object["chain"]),
		}, nil
	}
	problem := errNoPackage
	for _, name := range []string{"onboardingInfo", "properties", "onboardingPackageWindows", "onboardingPackageLinux"} {
		inner, there := object[name]
		if !there {
			continue
		}
		found, err := u.unwrap(inner, level+1)
		if err == nil {
			return found, nil
		}
		problem = err
	}
	return signedPackage{}, problem
}

// chainOf reads the certificates above the leaf: a list, or the only one by itself.
func chainOf(raw json.RawMessage) []string {
	var chain []string
	if json.Unmarshal(raw, &chain) != nil {
		if only := jsonText(raw); only != "" {
			chain = []string{only}
		}
	}
	return chain[:min(len(chain), maxPackageChain)]
}

// packageStart finds the name of a field with which a package can be recognised, and the
// backslashes that escape its quotation mark.
var packageStart = regexp.MustCompile(`(\\*)"(onboardingInfo|body)(\\*)"`)

// fromScript looks for a package in the text of a script. The object starts at the
// nearest brace before the field; it is unescaped until the field's quotation mark is
// bare, and read to its end; what follows is the script's.
func (u *unwrapping) fromScript(text []byte, level int) (signedPackage, error) {
	problem := errNoPackage
	for _, at := range packageStart.FindAllSubmatchIndex(text, maxPackageTries) {
		start := bytes.LastIndexByte(text[:at[0]], '{')
		if start < 0 {
			continue
		}
		found, err := u.fromEscaped(text[start:], at[3]-at[2], level)
		if err == nil {
			return found, nil
		}
		if !errors.Is(err, errNoPackage) {
			problem = err
		}
	}
	return signedPackage{}, problem
}

// fromEscaped reads the object at the start of text. Its quotation marks are escaped by
// the given number of backslashes: each level halves them.
func (u *unwrapping) fromEscaped(text []byte, backslashes, level int) (signedPackage, error) {
	for ; backslashes > 0; backslashes /= 2 {
		if level++; level > maxPackageLevels {
			return signedPackage{}, errPackageTooDeep
		}
		if u.work += len(text); u.work > maxPackageWork {
			return signedPackage{}, errPackageWork
		}
		text = unescapeOnce(text)
	}
	var object map[string]json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&object); err != nil {
		return signedPackage{}, errNoPackage
	}
	return u.fromObject(object, level)
}

// unescapeOnce takes one level of backslash escapes off. JSON, Python and the Windows
// command line write the quotation mark and the backslash alike; an escape that none of
// them knows stays as it is.
func unescapeOnce(text []byte) []byte {
	plain := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			plain = append(plain, text[i])
			continue
		}
		i++
		switch text[i] {
		case '"', '\'', '\\', '/':
			plain = append(plain, text[i])
		case 'n':
			plain = append(plain, '\n')
		case 'r':
			plain = append(plain, '\r')
		case 't':
			plain = append(plain, '\t')
		case 'u':
			unit, ok := hexUnit(text[i+1:])
			if !ok || utf16.IsSurrogate(unit) {
				plain = append(plain, '\\', 'u')
				continue
			}
			plain = append(plain, string(unit)...)
			i += 4
		default:
			plain = append(plain, '\\', text[i])
		}
	}
	return plain
}

func hexUnit(text []byte) (rune, bool) {
	if len(text) < 4 {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[:4]), 16, 16)
	return rune(unit), err == nil
}

// decodeBase64 reads text that is base64 throughout, line breaks aside. Text of a few
// characters is taken for a word.
func decodeBase64(text []byte) ([]byte, bool) {
	const shortest = 64
	if len(text) < shortest {
		return nil, false
	}
	decoded, err := base64.StdEncoding.DecodeString(string(text))
	return decoded, err == nil
}

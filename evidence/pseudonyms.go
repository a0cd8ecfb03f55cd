package evidence

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/internal/pseudonym"
)

// The words of x-holds in the schemas of the kinds, which say of every text what it tells of
// whom; "user name" and the like name what bears a name. They are the one list of personal
// data. Held.Means and Held.Becomes say what the words stand for.
const (
	holdsNone     = "none"
	holdsID       = "id"
	holdsIDs      = "ids"
	holdsUPN      = "upn"
	holdsPerson   = "person"
	holdsHost     = "host"
	holdsAddress  = "address"
	holdsText     = "text"
	holdsSentence = "sentence"
	holdsAnswer   = "answer"
	holdsSetting  = "setting"
	holdsChange   = "change"
	holdsQuery    = "query"
	holdsDigest   = "digest"

	nameSuffix = " name"
)

// holding says what a word of x-holds means, and what pseudonyms make of such a text.
func holding() map[string]struct{ means, becomes string } {
	return map[string]struct{ means, becomes string }{
		holdsNone:     {"a date, a word of Microsoft's, the name of an organisation or of a resource in Azure", "as it is"},
		holdsID:       {"the id of an object or an application, or one that has such ids in it", "a GUID of version 8, or `id-` and digits"},
		holdsIDs:      {"a text of a program's with ids in it", "the ids and addresses in it replaced"},
		holdsUPN:      {"a user principal name or a mail address", "`user-` and digits, at pseudonym.invalid"},
		holdsPerson:   {"a person's name, user principal name or id", "as for each of them"},
		holdsHost:     {"the name of a computer", "`host-` and digits; the domain stays"},
		holdsAddress:  {"a web address whose path may name a person", "the host, and digits"},
		holdsText:     {"a text that somebody wrote", "`text` and digits"},
		holdsSentence: {"a sentence of domicile's that quotes others", "what it quotes replaced; nothing for a check that held"},
		holdsAnswer:   {"what a service said", "the phrase that rules look for, if it is there, and digits"},
		holdsSetting:  {"a setting's value", "a truth value or number as it is; an id or a text replaced"},
		holdsChange:   {"a value in an audit event", "names of permissions as they are, ids replaced; anything else as a text"},
		holdsQuery:    {"a query of a service's, with ids, addresses or names in it", "ids, addresses and what it quotes replaced, save the two types of user"},
		holdsDigest:   {"the digest of a file that names people, which guessing their names would confirm", "`id-` and digits"},
	}
}

// Held is what a text of a kind holds, by the path of the field in the kind's schema.
type Held struct {
	Kind, Path, Holds string
}

// HeldBy lists what the texts of a kind hold, in the order of their paths.
func (s Schema) HeldBy() []Held {
	var list []Held
	s.shape().walk("", func(path, holds string) { list = append(list, Held{s.Kind, path, holds}) })
	slices.SortFunc(list, func(a, b Held) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// Personal says whether something of the kind that x-holds names is replaced in pseudonymised
// evidence.
func (h Held) Personal() bool { return h.Holds != holdsNone }

// Known says whether x-holds is one of its words.
func (h Held) Known() bool {
	_, known := holding()[h.Holds]
	word, named := h.name()
	return known || named && word != "" && !strings.Contains(word, " ")
}

// Means says in words what the text holds.
func (h Held) Means() string {
	if word, named := h.name(); named {
		return "a name (" + word + ")"
	}
	return holding()[h.Holds].means
}

// Becomes says in words what stands for the text in pseudonymised evidence.
func (h Held) Becomes() string {
	if word, named := h.name(); named {
		return "`" + word + "` and digits"
	}
	return holding()[h.Holds].becomes
}

// name is what bears the name that the text is, if it is one.
func (h Held) name() (word string, named bool) { return strings.CutSuffix(h.Holds, nameSuffix) }

// shape is a schema as far as pseudonyms need it.
type shape struct {
	holds   string            // of a text
	text    bool              // it is one
	members map[string]*shape // of an object, by name
	others  *shape            // its other members; nil drops them
	items   *shape            // of a list
	// free are members of whatever objects and lists stand there, by name at any depth.
	free map[string]string
}

func (s Schema) shape() *shape { return shapeOf(s.Root) }

func shapeOf(schema map[string]any) *shape {
	out := &shape{}
	if items, ok := schema["items"].(map[string]any); ok {
		out.items = shapeOf(items)
	}
	if properties, ok := schema["properties"].(map[string]any); ok {
		out.members = map[string]*shape{}
		for name, property := range properties {
			property, _ := property.(map[string]any)
			out.members[name] = shapeOf(property)
		}
	}
	if others, ok := schema["additionalProperties"].(map[string]any); ok {
		out.others = shapeOf(others)
	}
	if free, ok := schema["x-members"].(map[string]any); ok {
		out.free = map[string]string{}
		for name, holds := range free {
			out.free[name], _ = holds.(string)
		}
	}
	types, _ := schema["type"].([]any)
	out.text = slices.Contains(types, any("string")) || schema["type"] == "string"
	out.holds, _ = schema["x-holds"].(string)
	return out
}

// walk calls visit for every text, with its path: members after dots, items as [].
func (s *shape) walk(path string, visit func(path, holds string)) {
	inside := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	if s.text {
		visit(path, s.holds)
	}
	for name, member := range s.members {
		member.walk(inside(name), visit)
	}
	for name, holds := range s.free {
		visit(inside("..."+name), holds)
	}
	if s.others != nil {
		s.others.walk(inside("*"), visit)
	}
	if s.items != nil {
		s.items.walk(path+"[]", visit)
	}
}

// pseudonymise returns a kind's object with pseudonyms in it. What the schema doesn't list, or
// is of another type than it says, is left out: nobody has said what that holds.
func (s *shape) pseudonymise(key *pseudonym.Key, object json.RawMessage) (json.RawMessage, error) {
	var value any
	decoder := json.NewDecoder(strings.NewReader(string(object)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(s.value(key, value, nil))
}

// value returns a value with pseudonyms in it. beside is the object in which it stands.
func (s *shape) value(key *pseudonym.Key, value any, beside map[string]any) any {
	switch value := value.(type) {
	case map[string]any:
		if s.free != nil {
			return freely(key, value, s.free)
		}
		if s.members != nil || s.others != nil {
			return s.object(key, value)
		}
	case []any:
		if s.items != nil {
			for i := range value {
				value[i] = s.items.value(key, value[i], nil)
			}
			return value
		}
	case string:
		if s.text {
			return substitute(key, s.holds, value, beside)
		}
	case bool, json.Number:
		if !s.text && s.members == nil && s.items == nil && s.others == nil && s.free == nil {
			return value
		}
	}
	return nil
}

func (s *shape) object(key *pseudonym.Key, object map[string]any) map[string]any {
	out := make(map[string]any, len(object))
	for name, value := range object {
		member := s.members[name]
		if member == nil {
			member = s.others
		}
		if member != nil {
			out[name] = member.value(key, value, object)
		}
	}
	return out
}

// freely does as value for objects of many shapes, whose members' names say what they hold.
func freely(key *pseudonym.Key, object map[string]any, holds map[string]string) map[string]any {
	out := map[string]any{}
	for name, value := range object {
		if held, known := holds[name]; known {
			out[name] = freeValue(key, value, held, holds)
		}
	}
	return out
}

func freeValue(key *pseudonym.Key, value any, held string, holds map[string]string) any {
	switch value := value.(type) {
	case map[string]any:
		return freely(key, value, holds)
	case []any:
		for i := range value {
			value[i] = freeValue(key, value[i], held, holds)
		}
		return value
	case string:
		return substitute(key, held, value, nil)
	default:
		return value
	}
}

// substitute is what stands in the place of a text. beside is the object in which it stands.
func substitute(key *pseudonym.Key, holds, text string, beside map[string]any) string {
	switch holds {
	case holdsNone:
		return text
	case holdsID, holdsDigest:
		return key.ID(text)
	case holdsIDs:
		return key.Within(text)
	case holdsUPN:
		return key.UPN(text)
	case holdsPerson:
		return key.Person(text)
	case holdsHost:
		return key.Host(text)
	case holdsAddress:
		return address(key, text)
	case holdsSentence:
		if beside["ok"] == true {
			return "" // who signed, which observedBy and reviewer say too
		}
		return key.Sentence(text)
	case holdsQuery:
		return key.Sentence(text, userTypes()...)
	case holdsAnswer:
		return answer(key, text)
	case holdsSetting:
		return setting(key, text)
	case holdsChange:
		return change(key, text, beside["displayName"])
	}
	word, named := strings.CutSuffix(holds, nameSuffix)
	if id, _ := beside["appId"].(string); named && id != "" && key.Keeps(id) {
		return text // the name of an application of Microsoft's
	}
	return key.Name(word, text)
}

// address keeps the host of a web address, which is the organisation's.
func address(key *pseudonym.Key, text string) string {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" || parsed.User != nil {
		return key.Name("address", text)
	}
	if parsed.Path == "" || parsed.Path == "/" {
		return "https://" + parsed.Host + parsed.Path
	}
	return "https://" + parsed.Host + "/" + strings.ReplaceAll(key.Name("site", text), " ", "-")
}

// userTypes are what queries quote and rules look for.
func userTypes() []string { return []string{"Guest", "guest", "Member", "member"} }

// phrases are what rules look for in the answers of services, in lower case.
func phrases() []string {
	return []string{"account mode is inactive", "could not find table", "failed to resolve table"}
}

func answer(key *pseudonym.Key, text string) string {
	said := key.Name("text", text)
	for _, phrase := range phrases() {
		if strings.Contains(strings.ToLower(text), phrase) {
			said = phrase + ", " + said
		}
	}
	return said
}

var (
	plainSetting = regexp.MustCompile(`^(?i:true|false|-?[0-9]{0,9}|)$`)
	idSetting    = regexp.MustCompile(`^[0-9a-fA-F-]{36}$`)
)

func setting(key *pseudonym.Key, text string) string {
	switch {
	case plainSetting.MatchString(text):
		return text
	case idSetting.MatchString(text):
		return key.ID(text)
	default:
		return key.Name("text", text)
	}
}

// namedID is an id in the text of the property ConsentAction.Permissions.
var namedID = regexp.MustCompile(`\b([A-Za-z]*Id): ([^,;\]\s]+)`)

// change replaces what an audit event says of a property. It puts quotes around values, which
// stay.
func change(key *pseudonym.Key, text string, property any) string {
	switch property {
	case "AppRole.Id", "AppRole.Value", "DelegatedPermissionGrant.Scope", "DelegatedPermissionGrant.ConsentType", "ConsentContext.IsAdminConsent":
		return text
	case "ConsentAction.Permissions":
		return key.Again(namedID.ReplaceAllStringFunc(text, func(found string) string {
			name, id, _ := strings.Cut(found, ": ")
			return name + ": " + key.ID(id)
		}))
	}
	bare := strings.Trim(text, `"`)
	if idSetting.MatchString(bare) {
		return strings.Replace(text, bare, key.ID(bare), 1)
	}
	return key.Name("text", text)
}

// asked are the parameters of requests whose values domicile writes itself; those of other
// parameters are tokens of a service, with whatever in them.
func asked() []string {
	return []string{"$select", "$top", "$filter", "$expand", "$count", "$orderby", "api-version", "timespan"}
}

// requestURL is the address of a request with pseudonyms in it.
func requestURL(key *pseudonym.Key, text string) (string, error) {
	parsed, err := url.Parse(text)
	if err != nil {
		return "", fmt.Errorf("noting a request: its address can't be read")
	}
	out := parsed.Scheme + "://" + parsed.Host + key.Within(parsed.Path)
	for i, pair := range strings.FieldsFunc(parsed.RawQuery, func(r rune) bool { return r == '&' }) {
		name, value, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(value)
		if bare, _ := url.QueryUnescape(name); err == nil && slices.Contains(asked(), bare) {
			value = key.Within(plain)
		} else {
			value = key.ID(value)
			name = key.Within(name)
		}
		separator := "&"
		if i == 0 {
			separator = "?"
		}
		out += separator + name + "=" + value
	}
	return out, nil
}

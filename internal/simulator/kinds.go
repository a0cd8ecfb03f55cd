package simulator

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind says which values a property takes, by its type in Graph's schema.
type kind struct {
	typ      string
	nullable bool
	readOnly bool
	// list says that the value is a list of the kind.
	list bool
	// of are the properties of a complex type; nil otherwise.
	of shape
	is func(value any) bool
}

// shape are the properties that the body of a write may have.
type shape map[string]kind

var (
	boolean  = kind{typ: "Edm.Boolean", is: func(v any) bool { _, ok := v.(bool); return ok }}
	text     = kind{typ: "Edm.String", is: func(v any) bool { _, ok := v.(string); return ok }}
	integer  = kind{typ: "Edm.Int32", is: isInteger}
	guid     = kind{typ: "Edm.Guid", is: matches(guidForm)}
	duration = kind{typ: "Edm.Duration", is: func(v any) bool { _, ok := parseDuration(v); return ok }}
	moment   = kind{typ: "Edm.DateTimeOffset", is: isMoment}
	readOnly = kind{readOnly: true}

	guidForm     = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	durationForm = regexp.MustCompile(`^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)
)

func optional(k kind) kind {
	k.nullable = true
	return k
}

func listOf(k kind) kind {
	k.list = true
	return k
}

func complexOf(typ string, of shape) kind { return kind{typ: "microsoft.graph." + typ, of: of} }

func enum(typ string, names ...string) kind {
	return kind{typ: "microsoft.graph." + typ, is: func(v any) bool {
		name, ok := v.(string)
		return ok && slices.ContainsFunc(names, func(other string) bool { return strings.EqualFold(other, name) })
	}}
}

func matches(form *regexp.Regexp) func(any) bool {
	return func(v any) bool {
		s, ok := v.(string)
		return ok && form.MatchString(s)
	}
}

func isInteger(v any) bool {
	n, ok := v.(float64)
	return ok && n == math.Trunc(n) && math.Abs(n) <= math.MaxInt32
}

func isMoment(v any) bool {
	s, _ := v.(string)
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}

// parseDuration reads a duration of days and less, such as P180D and PT8H.
func parseDuration(v any) (time.Duration, bool) {
	s, _ := v.(string)
	m := durationForm.FindStringSubmatch(s)
	if m == nil || strings.Join(m[1:], "") == "" || strings.HasSuffix(s, "T") {
		return 0, false
	}
	var sum time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		if m[i+1] == "" {
			continue
		}
		n, err := strconv.Atoi(m[i+1])
		if err != nil || n > int(math.MaxInt64/int64(unit)) {
			return 0, false
		}
		sum += time.Duration(n) * unit
	}
	return sum, sum >= 0
}

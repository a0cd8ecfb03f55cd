package findings

// court puts changes down to their causes.
type court struct {
	differs          Inputs
	before, after    *view
	forward, reverse *view // nil where that was not judged
}

func newCourt(differs Inputs, before, after *Result, crosswise Crosswise) *court {
	return &court{differs: differs, before: viewOf(before), after: viewOf(after), forward: viewOf(crosswise.Forward), reverse: viewOf(crosswise.Backward)}
}

// view finds what a result says, waivers aside.
type view struct {
	result   *Result
	judged   map[string]bool
	outcomes map[string]Outcome
	findings map[string]*Finding // made when it is asked for
}

func viewOf(result *Result) *view {
	if result == nil {
		return nil
	}
	v := &view{result: result, judged: result.JudgedInFull(), outcomes: map[string]Outcome{}}
	found := map[string]bool{}
	for i := range result.Findings {
		if rule := result.Findings[i].Rule; i == 0 || rule != result.Findings[i-1].Rule {
			found[rule] = true
		}
	}
	for _, rule := range result.Rules {
		v.outcomes[rule.ID] = unwaived(rule.Outcome, found[rule.ID])
	}
	return v
}

// verdict is what a result says of a resource by a rule: that it violates it and how, or
// that it doesn't, or nothing.
type verdict struct {
	found, judged             bool
	severity                  Severity
	message, expected, actual string
}

func (v *view) verdict(finding *Finding, rule string) verdict {
	if finding == nil {
		return verdict{judged: v.judged[rule]}
	}
	return verdict{true, true, finding.Severity, finding.Message, finding.Expected, finding.Actual}
}

func (v *view) finding(fingerprint string) *Finding {
	if v.findings == nil {
		v.findings = make(map[string]*Finding, len(v.result.Findings))
		for i := range v.result.Findings {
			v.findings[v.result.Findings[i].Fingerprint] = &v.result.Findings[i]
		}
	}
	return v.findings[fingerprint]
}

// finding puts a change of a finding down to its causes; one of the two may be nil.
func (c *court) finding(before, after *Finding) []Cause {
	one := after
	if one == nil {
		one = before
	}
	say := func(v *view) verdict { return v.verdict(v.finding(one.Fingerprint), one.Rule) }
	if c.listedOnce(one.Rule) {
		return []Cause{ByPolicy}
	}
	was, is := c.before.verdict(before, one.Rule), c.after.verdict(after, one.Rule)
	waiver := before != nil && after != nil && (before.Outcome != after.Outcome || before.Waiver != after.Waiver)
	return causes(c, was, is, say, waiver)
}

// rule puts a change of a rule's outcome down to its causes.
func (c *court) rule(id string) []Cause {
	if c.listedOnce(id) {
		return []Cause{ByPolicy}
	}
	was, is := c.before.outcomes[id], c.after.outcomes[id]
	return causes(c, was, is, func(v *view) Outcome { return v.outcomes[id] }, was == is)
}

// listedOnce says whether one of the results alone lists a rule: whatever the evidence, the
// other was not asked.
func (c *court) listedOnce(rule string) bool {
	return (c.before.outcomes[rule] == "") != (c.after.outcomes[rule] == "")
}

// causes compares what was said with what is, waivers aside, and with what is said where
// only the policy or only the evidence is another.
func causes[T comparable](c *court, was, is T, say func(*view) T, waiver bool) []Cause {
	found := map[Cause]bool{ByWaivers: waiver}
	tenant := ByTenant
	if !c.differs.Evidence {
		tenant = ByTime
	}
	moved := c.differs.Evidence || c.differs.Time
	switch {
	case was == is:
	case !moved:
		found[ByPolicy] = true
	case !c.differs.Policy():
		found[tenant] = true
	case c.forward == nil && c.reverse == nil:
		found[Unclear] = true
	default:
		if c.forward != nil {
			between := say(c.forward)
			found[ByPolicy], found[tenant] = was != between, between != is
		}
		if c.reverse != nil {
			between := say(c.reverse)
			found[tenant], found[ByPolicy] = found[tenant] || was != between, found[ByPolicy] || between != is
		}
	}
	list := []Cause{}
	for _, cause := range Causes() {
		if found[cause] {
			list = append(list, cause)
		}
	}
	return list
}

package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
)

// trend is the lines of violated rules and of rules that could not be judged, and the table
// behind them.
type trend struct {
	From, To time.Time
	Top      int // the value at the upper edge
	Lines    []line
	Rows     []trendRow
	Says     string
}

// line is one line of the picture: points of an SVG polyline.
type line struct{ Name, Class, Points, LastX, LastY string }

type trendRow struct {
	history.Point
	Violated, Unknown, Findings int
}

// The size of the picture, and of the room around its lines.
const (
	trendWidth, trendHeight = 720.0, 160.0
	trendEdge               = 6.0
)

// trendRows is how many scans the table behind the picture lists, the latest.
const trendRows = 60

// newTrend draws scans; nil where there are fewer than two.
func newTrend(points []history.Point) *trend {
	if len(points) < 2 {
		return nil
	}
	first, last := points[0], points[len(points)-1]
	t := &trend{From: first.Started, To: last.Started, Top: 1}
	for _, point := range points {
		row := trendRow{point, point.Summary.Outcomes[findings.Fail], point.Summary.Outcomes[findings.Unknown], point.Summary.Findings}
		t.Rows = append(t.Rows, row)
		t.Top = max(t.Top, row.Violated, row.Unknown)
	}
	t.Lines = []line{
		t.line("violated rules", "fail", func(row trendRow) int { return row.Violated }),
		t.line("rules not judged", "unknown", func(row trendRow) int { return row.Unknown }),
	}
	before, now := t.Rows[0], t.Rows[len(t.Rows)-1]
	t.Says = fmt.Sprintf("From %s to %s: violated rules from %d to %d, rules not judged from %d to %d.",
		before.Started.Format(time.DateOnly), now.Started.Format(time.DateOnly), before.Violated, now.Violated, before.Unknown, now.Unknown)
	t.Rows = t.Rows[max(0, len(t.Rows)-trendRows):]
	return t
}

func (t *trend) line(name, class string, value func(trendRow) int) line {
	span := t.To.Sub(t.From).Seconds()
	var points []string
	out := line{Name: name, Class: class}
	for _, row := range t.Rows {
		x := trendEdge + (trendWidth-2*trendEdge)*row.Started.Sub(t.From).Seconds()/max(span, 1)
		y := trendHeight - trendEdge - (trendHeight-2*trendEdge)*float64(value(row))/float64(t.Top)
		out.LastX, out.LastY = fmt.Sprintf("%.1f", x), fmt.Sprintf("%.1f", y)
		points = append(points, out.LastX+","+out.LastY)
	}
	out.Points = strings.Join(points, " ")
	return out
}

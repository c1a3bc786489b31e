"""Which slots a plan has beside what is busy, found again by another hand.

Reads a case a line and writes the slots of each, in minutes since 1970. Which days hours recur on python-dateutil says, and
when they are; whether something fits is looked at minute by minute.
"""

import json
import math
import sys
from datetime import date, datetime, timedelta, timezone

from dateutil import rrule, tz

DAYS = {
    "monday": rrule.MO, "tuesday": rrule.TU, "wednesday": rrule.WE, "thursday": rrule.TH,
    "friday": rrule.FR, "saturday": rrule.SA, "sunday": rrule.SU,
}
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def minute(text):
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int((moment - EPOCH).total_seconds() // 60)


def moment(zone, day, time):
    hours, minutes = map(int, time.split(":"))
    local = datetime(day.year, day.month, day.day) + timedelta(hours=hours, minutes=minutes)
    local = tz.resolve_imaginary(local.replace(tzinfo=zone))
    return int((local.astimezone(timezone.utc) - EPOCH).total_seconds() // 60)


def hours_of(plan, first, last):
    """Each day on which there are hours, with them."""
    others = {date.fromisoformat(one["date"]): one["hours"] for one in plan["exceptions"]}
    for hours in plan["weekly"]:
        days = rrule.rruleset()
        days.rrule(rrule.rrule(rrule.WEEKLY, byweekday=DAYS[hours["day"]], dtstart=first, until=last))
        for other in others:
            days.exdate(datetime(other.year, other.month, other.day))
        for day in days:
            yield day.date(), hours
    for day, hours in others.items():
        for one in hours:
            yield day, one


def way(here, there):
    """Minutes from one place to another: on a sphere, by the law of cosines; 1.4 times as long, at 20 km/h."""
    (a, b), (c, d) = [[math.radians(degrees) for degrees in place] for place in (here, there)]
    cosine = math.sin(a) * math.sin(c) + math.cos(a) * math.cos(c) * math.cos(b - d)
    km = 6371.0088 * math.acos(min(1.0, cosine))
    return min(max(math.ceil(km * 1.4 / 20 * 60 - 0.01), 0), 12 * 60)


def slots(case):
    plan, duration = case["plan"], case["duration"]
    zone = tz.gettz(plan["time_zone"])
    begin, end, now = minute(case["from"]), minute(case["to"]), minute(case["now"])
    first = (EPOCH + timedelta(minutes=begin)).replace(tzinfo=None, hour=0, minute=0) - timedelta(days=4)
    last = (EPOCH + timedelta(minutes=end)).replace(tzinfo=None) + timedelta(days=4)
    windows = [
        (moment(zone, day, hours["from"]), moment(zone, day, hours["to"]))
        for day, hours in hours_of(plan, first, last)
    ]
    origin, size = begin - 10_000, end - begin + 20_000
    is_open = bytearray(size)
    for opens, closes in windows:
        for at in range(max(opens - origin, 0), min(closes - origin, size)):
            is_open[at] = 1
    for off in plan["time_off"]:
        for at in range(max(minute(off["from"]) - origin, 0), min(minute(off["to"]) - origin, size)):
            is_open[at] = 0
    # How many are busy with something else at each minute, the way to it and back included.
    others = [0] * size
    for busy in case["busy"]:
        gap = plan["buffer"] + way(busy["place"], case["place"])
        for at in range(max(busy["from"] - gap - origin, 0), min(busy["to"] + gap - origin, size)):
            others[at] += 1
    found = []
    for at in range(begin, end):
        if at < now + plan["lead_time"] or at >= now + plan["days_ahead"] * 24 * 60:
            continue
        begins = any(o <= at < c and (at - o) % plan["step"] == 0 for o, c in windows)
        whole = slice(at - origin, at - origin + duration)
        if begins and 0 not in is_open[whole] and max(others[whole]) < plan["capacity"]:
            found.append(at)
    return found


for line in sys.stdin:
    print(json.dumps(slots(json.loads(line))))

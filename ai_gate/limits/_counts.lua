-- Decides as `_counts.py` does, step by step under the same names. KEYS[1]: what a project's keys begin with.
local KINDS = {'requests', 'quota', 'concurrent'}
local ORDER, HELD = {requests = 1, quota = 2, concurrent = 3}, {quota = 60, concurrent = 30}
local LIVE, LEASE, ROUNDING, POLL, LONGEST_POLL, GRACE = 3600, 30, 2, 0.5, 5, 1
local ask, clock = cjson.decode(ARGV[1]), redis.call('TIME')
local now, window = clock[1] + clock[2] / 1e6, ask.window
local number = setmetatable({}, {__index = function() return 0 end})
local kinds = {unpack(KINDS, 1, ask.session and 3 or 1)}

local function on(key, command, ...) return redis.call(command, KEYS[1] .. key, ...) end
local function score(key, place) return tonumber(on(key, 'ZRANGE', place, place, 'WITHSCORES')[2]) end
local function used() return on('sent', 'ZCARD') + on('counted', 'ZCARD') + number.extra end

local function leave(turn)
    for _, key in ipairs{'due', unpack(KINDS)} do on(key, 'ZREM', turn) end
end

local function limit(kind)
    if ask[kind] == 0 or (kind == 'quota' and number.beyond == 1) then return 0 end
    return kind == 'requests' and number.limit > 0 and number.limit or ask[kind]
end

local function forget()
    on('counted', 'ZREMRANGEBYSCORE', '-inf', now - window)
    on('sent', 'ZREMRANGEBYSCORE', '-inf', now - window - math.min(1, window / 50))
    on('live', 'ZREMRANGEBYSCORE', '-inf', now)
    if number.extra_until <= now then number.extra = 0 end
    if ask.month > number.month then number.month, number.sessions, number.beyond = ask.month, 0, 0 end
    for _, turn in ipairs(on('due', 'ZRANGEBYSCORE', '-inf', now)) do leave(turn) end
end

local function refuse(at, kind, news)
    if kind ~= 'concurrent' or ask.concurrent == 0 then
        number['held:' .. kind], number['since:' .. kind] = at + (HELD[kind] or news.hold), at
        number['tried:' .. kind] = 0
    end
    if kind == 'quota' then
        number.sessions, number.beyond = math.max(number.sessions, news.month_used), 0
    elseif kind == 'concurrent' then
        local spare = ask.concurrent - on('live', 'ZCARD')
        for one = 1, spare do on('live', 'ZADD', at + HELD[kind] * one, news.id .. '.' .. one) end
        local oldest = spare <= 0 and on('live', 'ZRANGE', 0, 0)[1]
        if oldest then on('live', 'ZADD', 'LT', at + HELD[kind], oldest) end
    end
end

local function correct(at, since, gate_used)
    local surely = on('counted', 'ZCOUNT', '-inf', since) + 1
    local possibly = on('counted', 'ZCARD') + on('sent', 'ZCOUNT', '-inf', at)
    local extra = math.min(math.max(number.extra, gate_used - possibly), gate_used - surely)
    if extra < 0 then on('counted', 'ZREMRANGEBYRANK', 0, -extra - 1) end
    if extra > number.extra then number.extra_until = at + window end
    number.extra = math.max(0, extra)
end

local function hear(news)
    local turn, what, since, at = news.id, news.what, news.since, news.at > 0 and news.at or now
    local is_known = on('sent', 'ZREM', turn) == 1
    if news.session and is_known and what ~= 'made' and what ~= 'lost' then
        number.sessions = math.max(0, number.sessions - 1)
        on('live', 'ZREM', turn)
    end
    local ends = news.name ~= '' and on('live', 'ZSCORE', turn)
    if ends then
        on('live', 'ZREM', turn)
        on('live', 'ZADD', ends, news.name)
        redis.call('SET', 'ai-gate:session:' .. news.name, KEYS[1], 'EX', LIVE)
    end
    for _, kind in ipairs{unpack(KINDS, 1, news.session and 3 or 1)} do
        local held, since_when = 'held:' .. kind, 'since:' .. kind
        if number[held] > 0 and number[since_when] <= since then
            if what == 'made' or (ORDER[what] or 0) > ORDER[kind] then
                number[held] = 0
                if kind == 'quota' and number.sessions >= ask.quota then number.beyond = 1 end
            elseif not ORDER[what] then
                number['tried:' .. kind] = 0
            end
        end
    end
    if what == 'unsent' then return leave(turn) end
    local ending = news.reset > 0 and at + news.reset or 0
    on('counted', 'ZADD', math.max(at, ending - ROUNDING - window), turn)
    if ORDER[what] then refuse(at, what, news) end
    if news.limit > 0 and at > number.heard then
        number.heard, number.limit, number['end'] = at, news.limit, ending
        correct(at, since, news.used)
    end
end

local function next_in(need, most)
    local windows, place = math.floor((need - 1) / most), (need - 1) % most
    local moment = score('counted', place) or score('sent', place - on('counted', 'ZCARD'))
    local wait = (moment and moment + window or number.extra_until) - now
    if number['end'] > 0 then wait = math.min(wait, number['end'] - now) end
    return math.max(wait, 0.001) + windows * window
end

local function wait_for(kind, arrival)
    local ahead = on(kind, 'ZCOUNT', '-inf', '(' .. string.format('%.17g', arrival))
    local poll, most = ahead > 0 and POLL or 0, limit(kind)
    if number['held:' .. kind] > 0 then
        return number['tried:' .. kind] > now and POLL or math.max(number['held:' .. kind] - now, poll)
    end
    if most == 0 then return 0 end
    if kind == 'quota' then return number.sessions >= most and ask.month_left or 0 end
    local live = on('live', 'ZCARD')
    local need = (kind == 'requests' and used() or live) + ahead + 1 - most
    if need <= 0 then return 0 end
    if kind == 'concurrent' then return live == 0 and POLL or score('live', math.min(need, live) - 1) - now end
    if number['end'] > 0 and number['end'] <= now then
        number['held:requests'], number['since:requests'], number['end'] = now, now, 0
        number['tried:requests'] = 0
        return poll
    end
    return next_in(need, most)
end

local function take()
    for _, kind in ipairs(kinds) do
        if number['held:' .. kind] > 0 then
            number['tried:' .. kind], number['since:' .. kind] = now + LEASE, now
        end
    end
    on('sent', 'ZADD', now, ask.id)
    if ask.session then
        number.sessions = number.sessions + 1
        if ask.concurrent > 0 then on('live', 'ZADD', now + LIVE, ask.id) end
    end
end

local function decide()
    local arrival, waits, blocked = now - ask.waited, {}, nil
    for _, kind in ipairs(KINDS) do arrival = tonumber(on(kind, 'ZSCORE', ask.id)) or arrival end
    for _, kind in ipairs(kinds) do waits[kind] = wait_for(kind, arrival) end
    leave(ask.id)
    for _, kind in ipairs(kinds) do
        if waits[kind] > 0 then
            blocked = blocked or kind
            local is_open = kind == 'concurrent' or number['tried:' .. kind] > now
            if waits[kind] >= ask.left and (ask.left <= 0 or not is_open) then
                return {wait = waits[kind], refused = kind}
            end
        end
    end
    if not blocked then take() return {wait = 0} end
    local wait = waits[blocked]
    wait = math.min(wait, math.max(POLL, math.min(wait / 20, LONGEST_POLL)), ask.left)
    on(blocked, 'ZADD', arrival, ask.id)
    on('due', 'ZADD', now + wait + GRACE, ask.id)
    return {wait = wait}
end

local flat = on('numbers', 'HGETALL')
for place = 1, #flat, 2 do number[flat[place]] = tonumber(flat[place + 1]) end
forget()
for _, news in ipairs(ask.news) do hear(news) end
local reply = ask.id ~= '' and decide() or {wait = 0}
local reset = number['end'] > 0 and number['end'] or (score('counted', 0) or now - window) + window
reply.requests = {used(), limit('requests'), math.max(0, reset - now)}
reply.quota = {number.sessions, limit('quota'), ask.month_left}
reply.concurrent = {on('live', 'ZCARD'), ask.concurrent, (score('live', 0) or now) - now}
reply.under_way, reply.now = on('sent', 'ZCARD'), string.format('%.17g', now)
flat = {}
for name, value in pairs(number) do
    flat[#flat + 1] = name
    flat[#flat + 1] = string.format('%.17g', value)
end
on('numbers', 'HSET', unpack(flat))
for _, key in ipairs{'sent', 'counted', 'live', 'due', 'numbers', unpack(KINDS)} do
    on(key, 'EXPIRE', key == 'numbers' and 32 * 86400 or math.ceil(2 * math.max(window, LIVE)))
end
return cjson.encode(reply)

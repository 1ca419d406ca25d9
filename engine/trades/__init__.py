"""What was traded and what came of it. Pure: rows of the journal in, values out; money in `Decimal`, no IO, no clock.

How the parts go together, for pages, exports and scripts:

    executions = executions_of(journal.fills(0.0, corrected=True, limit=MOST))              # execution.py
    executions = in_force(standing(executions, journal.positions_told()))                   # standing.py
    book = round_trips(executions, journal.positions_seen(), journal.trader_words())        # trips.py
    figures = statistics(book.trips, Money("USD"))                                          # figures.py
    days = days_of(book.trips, executions, Money("USD"))                                    # days.py
    month = month_of(days, 2025, 11)

- `execution.py`: `Execution`, one fill or statement row, and its way from and to the journal's rows (`execution_of`,
  `row_of`). Who writes statements makes an `Execution` and stores `row_of(it)` by
  `engine.journal.statements.recorded_row`.
- `standing.py`: rows of whole orders and positions of before, which stand in for executions that are not here.
- `trips.py`: `Trip` (flat to flat), its `ClosingPart`s, which carry the realised money by trade date, `Book`.
- `lots.py`: FIFO lots of one contract, which `trips.py` is made of.
- `figures.py`: win rates, profit factor, expectancy, R, by symbol, tag, hour and weekday; `drawdown.py`: of the curve.
- `days.py`: the calendar; `carry.py`: dividends, interest and fees beside the trades; `entitled.py`: to which trips
  they belong; `flows.py`: deposits, withdrawals and transfers.
- `excursion.py`: MAE, MFE and the curve of a trip from bars; `sessions.py`: regular and extended hours of the curve.
- `checks.py`: what a statement says that a closing realised, where that is another figure.
- `held.py`: what was held before, and what no execution explains; `rolls.py`: trips that may be one campaign.

Every money figure says its currency and what it lacks; None is "not known", never zero.
"""

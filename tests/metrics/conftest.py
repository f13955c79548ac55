"""A district of three small schools, checkable by hand."""

import numpy as np
import pytest

from allocator.metrics.scorecard import scorecard
from allocator.plan import Plan
from allocator.problem import build
from allocator.scenario.read import read_tables

# C is a teaching point below 50 pupils, outside the standard of 2017; it closes and its pupils go to B.
FILES = {
    "scenario.toml": """
title = "Three schools"
school_year = 2021
standard = "cn-2017"
seed = 1
language = "en"
[closures]
C = { to = "B" }
""",
    "schools.csv": """
school_id,name,kind,zone,setting,lat,lon
A,Alder,primary,north,town,34.00,116.80
B,Beech,primary,south,rural,34.10,116.80
C,Cedar,teaching_point,south,remote,34.12,116.80
""",
    "sections.csv": """
school_id,stage,g1,g2,g3,g4,g5,g6,quota,floor_area_m2,sports_area_m2,equipment_yuan,multimedia_rooms
A,primary,40,40,30,30,30,30,10,900,1200,400000,5
B,primary,20,20,20,20,10,10,5,440,750,200000,2
C,primary,10,10,10,10,0,0,3,500,900,80000,1
""",
    "teachers.csv": """
teacher_id,school_id,stage,subject,second_subjects,certificate,degree,backbone
A1,A,primary,chinese,,primary,bachelor,county
A2,A,primary,chinese,politics,primary,associate,none
A3,A,primary,pe,,primary,secondary,none
A4,A,primary,mathematics,,primary,bachelor,none
B1,B,primary,chinese,,primary,secondary,city
C1,C,primary,chinese,pe,primary,associate,none
""",
    "posts.csv": """
school_id,stage,subject,posts
A,primary,chinese,2
A,primary,pe,1
B,primary,chinese,1
B,primary,mathematics,2
B,primary,pe,1
C,primary,chinese,2
""",
}


@pytest.fixture(scope="session")
def small_district(tmp_path_factory):
    folder = tmp_path_factory.mktemp("three-schools")
    for name, content in FILES.items():
        (folder / name).write_text(content.lstrip(), encoding="utf-8")
    return build(read_tables(folder))


@pytest.fixture(scope="session")
def plan(small_district):
    """C closes and its teacher goes to B; A's teacher of mathematics goes there too."""
    p = small_district
    at = {school: u for u, school in enumerate(p.schools["school_id"].iloc[p.sections.school])}
    posts = p.home_post.copy()
    for teacher, subject in (("C1", "chinese"), ("A4", "mathematics")):
        where = p.post_of(np.array([at["B"]]), np.array([p.subjects.index(subject)]))
        posts[p.teachers.ids.index(teacher)] = where[0]
    return Plan(posts)


@pytest.fixture(scope="session")
def card(small_district, plan):
    return scorecard(small_district, plan)

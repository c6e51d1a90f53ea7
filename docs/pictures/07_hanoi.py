"""
The tower of Hanoi
==================

Every position of three disks, joined where one move leads from one to the other. The three corners, with the
whole tower on one peg, are the places where least can be done.
"""

import networkx as nx
from matplotlib import pyplot

import empowerment as emp

hanoi = emp.worlds.tower_of_hanoi(3)
result = emp.empowerment(hanoi, horizon=3)

moves = hanoi.to_dense().max(axis=1) > 0
graph = nx.Graph([(s, t) for s, t in zip(*moves.nonzero(), strict=True) if s != t])
places = nx.kamada_kawai_layout(graph)

figure, ax = pyplot.subplots(figsize=(6, 5), layout="constrained")
nx.draw_networkx_edges(graph, places, ax=ax, edge_color="0.6")
nodes = nx.draw_networkx_nodes(graph, places, nodelist=range(hanoi.n_states), node_color=result.value, ax=ax)
figure.colorbar(nodes, label="empowerment [bits]")
ax.set_title("tower of Hanoi, three moves")
ax.set_axis_off()
